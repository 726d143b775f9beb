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
from orchestration.publish.marts import Column, Mart, require_all_rows

BLOCK_BYTES = 1 << 20
# What an index of PostgreSQL holds of one value, with room for its header: longer ones get a hash index.
BTREE_BYTES = 2600
# Follows U+FFFD where a text had that itself, and is doubled where a text has it: so no two texts become one.
_MARK = 0xFDD0

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
            self._index(mart, table)
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
        [(count,)] = self.server.execute(sql.SQL("select count(*) from {}").format(table)).fetchall()
        require_all_rows(self.warehouse, mart, count)

    def _index(self, mart: Mart, table: sql.Identifier) -> None:
        """The key and the indexes, as far as the values allow: none of them stops a publication."""
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
        """Two ids that are emails in other case have one pseudonym: there the key of the general set is none."""
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
        escaped = f"replace(replace({_without_nul('item', column)}, '\\', '\\\\'), '\"', '\\\"')"
        items = f"list_transform({name}, lambda item: coalesce('\"' || {escaped} || '\"', 'NULL'))"
        return f"case when {name} is not null then '{{' || array_to_string({items}, ',') || '}}' end"
    if postgres_type(column.data_type) == "text":
        return _without_nul(name if column.data_type == "varchar" else f"cast({name} as varchar)", column)
    return name


def _without_nul(expression: str, column: Column) -> str:
    """PostgreSQL stores no NUL: it shows as U+FFFD. Outside of free text, what was U+FFFD stays another."""
    if column.pii != "free_text":
        mark = f"chr({_MARK})"
        expression = f"replace(replace({expression}, {mark}, {mark} || {mark}), chr(65533), chr(65533) || {mark})"
    return f"replace({expression}, chr(0), chr(65533))"
