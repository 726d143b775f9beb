"""One mart from DuckDB into a new table of PostgreSQL: types, COPY, key, indexes and descriptions.

COPY reads a CSV that DuckDB writes, in which a null differs from an empty text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
from psycopg import sql

from orchestration.publish.files import UNFINISHED
from orchestration.publish.marts import Column, Mart

BLOCK_BYTES = 1 << 20

_TYPES = {
    "varchar": "text", "varchar[]": "text[]", "boolean": "boolean", "date": "date", "timestamp": "timestamp",
    "tinyint": "smallint", "smallint": "smallint", "integer": "integer", "bigint": "bigint",
    "hugeint": "numeric(39)", "float": "real", "double": "double precision",
}  # fmt: skip


def postgres_type(data_type: str) -> str:
    """The type in PostgreSQL; what it has no counterpart for becomes text."""
    return data_type if data_type.startswith("decimal(") else _TYPES.get(data_type, "text")


@dataclass(slots=True)
class Loader:
    """Fills the schema `schema` of the server; files on the way pass through the directory."""

    warehouse: duckdb.DuckDBPyConnection
    server: psycopg.Connection
    schema: str
    directory: Path

    def load(self, mart: Mart) -> None:
        """Create the mart's table from its relation."""
        table = sql.Identifier(self.schema, mart.name)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(one.name), sql.SQL(postgres_type(one.data_type)))
            for one in mart.columns
        )
        with self.server.transaction():
            self.server.execute(sql.SQL("create table {} ({})").format(table, columns))
            self._copy(mart, table)
            if mart.key:
                key = sql.Identifier(mart.key)
                self.server.execute(sql.SQL("alter table {} add primary key ({})").format(table, key))
            for column in mart.indexes:
                self.server.execute(sql.SQL("create index on {} ({})").format(table, sql.Identifier(column)))
            self._describe(mart, table)
        self.server.execute(sql.SQL("analyze {}").format(table))

    def _copy(self, mart: Mart, table: sql.Identifier) -> None:
        passing = self.directory / f"{UNFINISHED}{uuid4().hex}.csv"
        self.warehouse.execute(copy_statement(mart, passing))
        with (
            passing.open("rb") as file,
            self.server.cursor() as cursor,
            cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(table)) as copy,
        ):
            while block := file.read(BLOCK_BYTES):
                copy.write(block)
        passing.unlink()

    def _describe(self, mart: Mart, table: sql.Identifier) -> None:
        comment = sql.SQL("comment on table {} is {}")
        self.server.execute(comment.format(table, sql.Literal(mart.description)))
        comment = sql.SQL("comment on column {} is {}")
        for column in mart.columns:
            name = sql.Identifier(self.schema, mart.name, column.name)
            self.server.execute(comment.format(name, sql.Literal(column.description)))


def copy_statement(mart: Mart, path: Path) -> str:
    """The statement that writes the mart to the path as the CSV that PostgreSQL's COPY reads."""
    columns = ", ".join(f'{_expression(column)} as "{column.name}"' for column in mart.columns)
    order = ", ".join(f'"{name}"' for name in mart.order_by)
    # Quoted, an empty text is not taken for a null; quoting the rest would only make it longer.
    quoted = ", ".join(
        f'"{column.name}"' for column in mart.columns if postgres_type(column.data_type) in ("text", "text[]")
    )
    target = str(path).replace("'", "''")
    return (
        f"copy (select {columns} from {mart.relation}{f' order by {order}' if order else ''}) to '{target}' "
        f"(format csv, header false{f', force_quote ({quoted})' if quoted else ''})"
    )


def _expression(column: Column) -> str:
    name = f'"{column.name}"'
    if column.data_type == "varchar[]":
        escaped = f"replace(replace({_without_nul('item')}, '\\', '\\\\'), '\"', '\\\"')"
        items = f"list_transform({name}, lambda item: coalesce('\"' || {escaped} || '\"', 'NULL'))"
        return f"case when {name} is not null then '{{' || array_to_string({items}, ',') || '}}' end"
    if postgres_type(column.data_type) == "text":
        return _without_nul(name if column.data_type == "varchar" else f"cast({name} as varchar)")
    return name


def _without_nul(expression: str) -> str:
    """PostgreSQL stores no NUL character: it shows as U+FFFD."""
    return f"replace({expression}, chr(0), chr(65533))"
