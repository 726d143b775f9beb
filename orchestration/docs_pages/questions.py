"""Fills in the outputs of `docs/questions.md` by running its queries on a published file.

The questions exist only in the page. Text between a block of SQL and the next heading is output:
`python -m orchestration questions` replaces it, and nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.config.settings import ROOT
from orchestration.errors import ExplainedError
from orchestration.markdown import table

PAGE = ROOT / "docs" / "questions.md"
SHOWN_ROWS = 3
SHOWN_CHARACTERS = 60
_BLOCK = re.compile(r"(?P<sql>```sql\n(?P<query>.*?);\n```\n)(?P<output>.*?)(?=^##|\Z)", re.DOTALL | re.MULTILINE)
_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)
_HEADING = re.compile(r"^### (.*)$", re.MULTILINE)


class QuestionsError(ExplainedError):
    """The page cannot be written. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the page, and the section that it is in. `columns`: those of the output below its SQL."""

    section: str
    title: str
    query: str
    columns: tuple[str, ...]


def read_questions(page: str) -> list[Question]:
    """Every question of the page, in order."""
    questions = []
    for block in _BLOCK.finditer(page):
        section = ["", *_SECTION.findall(page, 0, block.start())][-1]
        title = _HEADING.findall(page, 0, block.start())[-1]
        header = block["output"].strip().partition("\n")[0]
        columns = tuple(cell.strip() for cell in header.strip("|").split("|")) if header.startswith("|") else ()
        questions.append(Question(section, title, block["query"], columns))
    return questions


def with_outputs(page: str, connection: duckdb.DuckDBPyConnection) -> str:
    """The page with the outputs of its queries on `connection`.

    Raises:
        duckdb.Error: a query fails.
    """
    return (
        _BLOCK.sub(lambda block: f"{block['sql']}\n{_output(connection, block['query'])}\n\n", page).rstrip()
        + "\n"
    )


def write(published: Path, page: Path = PAGE) -> None:
    """Replace the outputs in the page with those from a published file.

    Raises:
        QuestionsError: there is no such file, or a query fails on it.
    """
    if not published.exists():
        raise QuestionsError(f"There is no {published}. Run `make refresh` or `make demo` first.")
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            text = with_outputs(page.read_text(encoding="utf-8"), connection)
    except duckdb.Error as error:
        raise QuestionsError(f"A query of {page.name} fails on {published}: {error}") from None
    page.write_text(text, encoding="utf-8")


def _output(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    cursor = connection.execute(query)
    columns = [name for name, *_ in cursor.description or ()]
    rows = cursor.fetchall()
    return "\n".join([*table(columns, (map(_cell, row) for row in rows[:SHOWN_ROWS])), *_remark(rows)])


def _remark(rows: Sequence[Any]) -> Iterator[str]:
    if not rows:
        yield "\nNo rows."
    if len(rows) > SHOWN_ROWS:
        yield f"\n{len(rows):,} rows; the first {SHOWN_ROWS} are shown."


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
