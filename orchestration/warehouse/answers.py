"""Runs a query on the warehouse and formats its result: table, CSV, JSON, spreadsheet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson

from orchestration.errors import ExplainedError
from orchestration.spreadsheets import Sheet, as_csv, write_workbook
from orchestration.warehouse.connection import open_warehouse

SHOWN_ROWS, SHOWN_CHARACTERS = 1000, 200


class AnswerError(ExplainedError):
    """The query fails, or its answer cannot be written. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Columns and rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def as_csv(self) -> str:
        """CSV with a header; safe to open in a spreadsheet."""
        return as_csv(self.columns, self.rows)

    def as_json(self) -> str:
        """A JSON array with an object for each row; times are UTC."""
        options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        objects = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return orjson.dumps(objects, default=str, option=options).decode()

    def write_workbook(self, path: Path) -> None:
        """An XLSX file with one sheet.

        Raises:
            AnswerError: the file cannot be written.
        """
        try:
            write_workbook(path, [Sheet("Answer", self.columns, self.rows)])
        except OSError as error:
            raise AnswerError(f"Cannot write {path}: {error.strerror}. Choose another place.") from None


def answer(path: Path, sql: str) -> Answer:
    """The answer of the warehouse at `path`, which is only read.

    Raises:
        AnswerError: DuckDB does not understand the query.
        WarehouseError: the warehouse cannot be read.
    """
    with _asked(path, sql) as relation:
        return Answer(relation.columns, relation.fetchall())


def show(path: Path, sql: str) -> None:
    """Print the answer as a table, of the first rows where there are many. Raises as `answer` does."""
    with _asked(path, sql) as relation:
        relation.show(max_rows=SHOWN_ROWS, max_width=SHOWN_CHARACTERS)


@contextmanager
def _asked(path: Path, sql: str) -> Iterator[duckdb.DuckDBPyRelation]:
    with open_warehouse(path, read_only=True) as connection:
        try:
            yield connection.sql(sql)
        except duckdb.Error as error:
            raise AnswerError(str(error)) from None
