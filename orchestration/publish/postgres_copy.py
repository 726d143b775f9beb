"""Loads one mart from DuckDB into a new PostgreSQL table: types, COPY, key, indexes and comments.

COPY reads a CSV that DuckDB writes, in which nulls differ from empty strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
from psycopg import sql

from orchestration.duckdb_sql import literal
from orchestration.publish.files import UNFINISHED
from orchestration.publish.marts import Column, Mart, require_all_rows

BLOCK_BYTES = 1 << 20
# The longest value that fits a B-tree index entry, less its header. Columns with longer ones get a hash index.
BTREE_BYTES = 2600
# Escapes U+FFFD, which replaces NUL: follows an original U+FFFD, and is doubled where it occurs itself.
_MARK = 0xFDD0

_TYPES = {
    "varchar": "text", "varchar[]": "text[]", "boolean": "boolean", "date": "date", "timestamp": "timestamp",
    "tinyint": "smallint", "smallint": "smallint", "integer": "integer", "bigint": "bigint",
    "hugeint": "numeric(39)", "float": "real", "double": "double precision",
}  # fmt: skip


def postgres_type(data_type: str) -> str:
    """The PostgreSQL type for a DuckDB type; `text` if there is no counterpart."""
    return data_type if data_type.startswith("decimal(") else _TYPES.get(data_type, "text")


@dataclass(slots=True)
class Loader:
    """Loads marts into the schema `schema` of the server. Temporary files go to `directory`."""

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
            self._index(mart, table)
            self._describe(mart, table)
        self.server.execute(sql.SQL("analyze {}").format(table))

    def _copy(self, mart: Mart, table: sql.Identifier) -> None:
        csv = self.directory / f"{UNFINISHED}{uuid4().hex}.csv"
        self.warehouse.execute(copy_statement(mart, csv))
        with (
            csv.open("rb") as file,
            self.server.cursor() as cursor,
            cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(table)) as copy,
        ):
            while block := file.read(BLOCK_BYTES):
                copy.write(block)
        csv.unlink()
        [(count,)] = self.server.execute(sql.SQL("select count(*) from {}").format(table)).fetchall()
        require_all_rows(self.warehouse, mart, count)

    def _index(self, mart: Mart, table: sql.Identifier) -> None:
        """Create the key and the indexes as far as the values allow. None of them can fail a publication."""
        types = {column.name: postgres_type(column.data_type) for column in mart.columns}
        for name in dict.fromkeys((*([mart.key] if mart.key else []), *mart.indexes)):
            column = sql.Identifier(name)
            is_short = types[name] != "text" or self._longest(table, column) <= BTREE_BYTES
            if name == mart.key and is_short and self._is_unique(table, column):
                statement = "alter table {} add primary key ({})"
            else:
                statement = "create index on {} ({})" if is_short else "create index on {} using hash ({})"
            self.server.execute(sql.SQL(statement).format(table, column))

    def _longest(self, table: sql.Identifier, column: sql.Identifier) -> int:
        query = sql.SQL("select coalesce(max(octet_length({})), 0) from {}").format(column, table)
        return self.server.execute(query).fetchall()[0][0]

    def _is_unique(self, table: sql.Identifier, column: sql.Identifier) -> bool:
        """False in the general set if two ids are one email in different case: they share a pseudonym."""
        query = sql.SQL("select count(*) = count(distinct {}) from {}").format(column, table)
        return self.server.execute(query).fetchall()[0][0]

    def _describe(self, mart: Mart, table: sql.Identifier) -> None:
        comment = sql.SQL("comment on table {} is {}")
        self.server.execute(comment.format(table, sql.Literal(mart.description)))
        comment = sql.SQL("comment on column {} is {}")
        for column in mart.columns:
            name = sql.Identifier(self.schema, mart.name, column.name)
            self.server.execute(comment.format(name, sql.Literal(column.description)))


def copy_statement(mart: Mart, path: Path) -> str:
    """The DuckDB statement that writes the mart to the path, as CSV for PostgreSQL's COPY."""
    columns = ", ".join(f'{_expression(column)} as "{column.name}"' for column in mart.columns)
    order = ", ".join(f'"{name}"' for name in mart.order_by)
    # COPY reads an unquoted empty text as null. Quoting other columns would only make the file longer.
    quoted = ", ".join(
        f'"{column.name}"' for column in mart.columns if postgres_type(column.data_type) in ("text", "text[]")
    )
    return (
        f"copy (select {columns} from {mart.relation}{f' order by {order}' if order else ''}) to {literal(path)} "
        f"(format csv, header false{f', force_quote ({quoted})' if quoted else ''})"
    )


def _expression(column: Column) -> str:
    name = f'"{column.name}"'
    if column.data_type == "varchar[]":
        escaped = f"replace(replace({_without_nul('item', column)}, '\\', '\\\\'), '\"', '\\\"')"
        items = f"list_transform({name}, lambda item: coalesce('\"' || {escaped} || '\"', 'NULL'))"
        return f"case when {name} is not null then '{{' || array_to_string({items}, ',') || '}}' end"
    if postgres_type(column.data_type) == "text":
        return _without_nul(name if column.data_type == "varchar" else f"cast({name} as varchar)", column)
    return name


def _without_nul(expression: str, column: Column) -> str:
    """Replace NUL, which PostgreSQL cannot store, by U+FFFD. U+FFFD itself is escaped, except in free text."""
    if column.pii != "free_text":
        mark = f"chr({_MARK})"
        expression = f"replace(replace({expression}, {mark}, {mark} || {mark}), chr(65533), chr(65533) || {mark})"
    return f"replace({expression}, chr(0), chr(65533))"
