"""Loads marts from DuckDB into new PostgreSQL tables: types, COPY, keys, indexes, comments and bridge tables.

COPY reads a CSV that DuckDB writes, in which nulls differ from empty strings.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
from psycopg import sql

from orchestration.duckdb_sql import literal
from orchestration.publish.files import UNFINISHED
from orchestration.publish.marts import Column, Mart, require_all_rows
from orchestration.publish.postgres.links import bridges, fill_bridge

BLOCK_BYTES = 1 << 20
# The longest value that fits a B-tree index entry, less its header. Columns with longer ones get a hash index.
BTREE_BYTES = 2600
# Escapes U+FFFD, which replaces NUL: follows an original U+FFFD, and is doubled where it occurs itself.
_MARK = 0xFDD0

_TYPES = {
    "varchar": "text", "varchar[]": "text[]", "boolean": "boolean", "date": "date", "timestamp": "timestamptz",
    "tinyint": "smallint", "smallint": "smallint", "integer": "integer", "bigint": "bigint",
    "hugeint": "numeric(39)", "float": "real", "double": "double precision",
}  # fmt: skip


def postgres_type(data_type: str) -> str:
    """The PostgreSQL type for a DuckDB type; `text` if there is no counterpart."""
    return data_type if data_type.startswith("decimal(") else _TYPES.get(data_type, "text")


@dataclass(slots=True)
class Loader:
    """Loads marts into the schema `schema` of the server. Temporary files go to `directory`.

    `loaded`: the tables so far, bridges among them. `keys`: the primary keys by table.
    """

    warehouse: duckdb.DuckDBPyConnection
    server: psycopg.Connection
    schema: str
    directory: Path
    loaded: list[Mart] = field(default_factory=list)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def load(self, mart: Mart) -> None:
        """Create the mart's table from its relation, and a bridge table beside it for each of its lists."""
        self._create(mart, lambda table: self._copy(mart, table))
        if mart.name in self.keys:
            for bridge in bridges(mart):
                self._create(bridge, lambda _, to=bridge: fill_bridge(self.server, self.schema, mart, to))

    def _create(self, mart: Mart, fill: Callable[[sql.Identifier], None]) -> None:
        table = sql.Identifier(self.schema, mart.name)
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(one.name), sql.SQL(postgres_type(one.data_type)))
            for one in mart.columns
        )
        with self.server.transaction():
            self.server.execute(sql.SQL("create table {} ({})").format(table, columns))
            fill(table)
            self._index(mart, table)
            self._describe(mart, table)
        self.server.execute(sql.SQL("analyze {}").format(table))
        self.loaded.append(mart)

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
        names = dict.fromkeys((*mart.identified_by, *mart.indexes))
        short = {name for name in names if types[name] != "text" or self._longest(table, name) <= BTREE_BYTES}
        key = mart.identified_by
        if key and short.issuperset(key) and self._is_unique(table, key):
            self.server.execute(sql.SQL("alter table {} add primary key ({})").format(table, _list(key)))
            self.keys[mart.name] = key
        for name in names:
            if self.keys.get(mart.name) == (name,):
                continue
            statement = "create index on {} ({})" if name in short else "create index on {} using hash ({})"
            self.server.execute(sql.SQL(statement).format(table, sql.Identifier(name)))

    def _longest(self, table: sql.Identifier, name: str) -> int:
        query = sql.SQL("select coalesce(max(octet_length({})), 0) from {}").format(sql.Identifier(name), table)
        return self.server.execute(query).fetchall()[0][0]

    def _is_unique(self, table: sql.Identifier, key: tuple[str, ...]) -> bool:
        """False in the general set if two ids are one email in different case: they share a pseudonym."""
        query = sql.SQL("select count(*) = count(distinct ({})) from {}").format(_list(key), table)
        return self.server.execute(query).fetchall()[0][0]

    def _describe(self, mart: Mart, table: sql.Identifier) -> None:
        comment = sql.SQL("comment on table {} is {}")
        self.server.execute(comment.format(table, sql.Literal(mart.description)))
        comment = sql.SQL("comment on column {} is {}")
        for column in mart.columns:
            name = sql.Identifier(self.schema, mart.name, column.name)
            self.server.execute(comment.format(name, sql.Literal(column.description)))


def _list(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


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
