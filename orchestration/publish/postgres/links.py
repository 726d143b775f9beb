"""Links between published tables in PostgreSQL: bridge tables for lists, and foreign keys.

BI tools read foreign keys to propose joins. A key that does not hold for every row is left out: in the general
set, or where older details are not published, a row can name something that is not there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import psycopg
from psycopg import sql

from orchestration.publish.marts import Column, Mart

LIST = "varchar[]"
# Columns of such names refer to the key of the table. Several columns together are in the order of that key.
_REFERENCES = (
    (re.compile(r"(\w+_)?activity_id"), "activities"),
    (re.compile(r"(actor_)?user_id"), "users"),
    (re.compile(r"organization_uuid"), "organizations"),
    (re.compile(r"finding_id"), "findings"),
)
_KEY_OF_KEYS = ("key_type", "key_id")

Keys = Mapping[str, tuple[str, ...]]


def bridges(mart: Mart) -> Iterator[Mart]:
    """A table for each list of the mart, with a row per item: the mart's key, the item's number, the item."""
    columns = {column.name: column for column in mart.columns}
    if not mart.identified_by:
        return
    for column in mart.columns:
        if column.data_type == LIST:
            item = column.name.removesuffix("s")
            yield replace(
                mart,
                name=f"{mart.name}_{column.name}",
                description=f"One row per item of `{column.name}` of `{mart.name}`.",
                columns=(
                    *(columns[name] for name in mart.identified_by),
                    Column("item_number", "bigint", "Position in the list, from 1.", None),
                    Column(item, "varchar", f"Item of the list. {column.description}", column.pii),
                ),
                identified_by=(*mart.identified_by, "item_number"),
                key=None,
                order_by=(),
                partition_by=None,
                indexes=(item,),
            )


def fill_bridge(server: psycopg.Connection, schema: str, mart: Mart, bridge: Mart) -> None:
    """Fill a bridge table, which is there and empty, from its mart's table."""
    column = bridge.name.removeprefix(f"{mart.name}_")
    server.execute(
        sql.SQL(
            "insert into {bridge} select {key}, item_number, item "
            "from {table}, unnest({column}) with ordinality as items (item, item_number)"
        ).format(
            bridge=sql.Identifier(schema, bridge.name),
            table=sql.Identifier(schema, mart.name),
            key=sql.SQL(", ").join(map(sql.Identifier, mart.identified_by)),
            column=sql.Identifier(column),
        )
    )


def references(table: Mart, keys: Keys) -> Iterator[tuple[tuple[str, ...], str]]:
    """Columns of the table that refer to the key of another one, and that table. `keys`: primary keys by table."""
    names = table.column_names
    for name in names:
        for pattern, target in _REFERENCES:
            if pattern.fullmatch(name) and target != table.name and len(keys.get(target, ())) == 1:
                yield (name,), target
    owner = next((one for one in keys if table.name.startswith(f"{one}_") and "item_number" in names), None)
    if owner:
        yield keys[owner], owner
    elif table.name != "key_lifecycle" and "key_lifecycle" in keys and set(_KEY_OF_KEYS) <= set(names):
        yield _KEY_OF_KEYS, "key_lifecycle"


def add_foreign_keys(server: psycopg.Connection, schema: str, tables: list[Mart], keys: Keys) -> None:
    """Add each foreign key that holds for every row."""
    for table in tables:
        for columns, target in references(table, keys):
            statement = sql.SQL("alter table {} add foreign key ({}) references {} ({})").format(
                sql.Identifier(schema, table.name),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.Identifier(schema, target),
                sql.SQL(", ").join(map(sql.Identifier, keys[target])),
            )
            try:
                with server.transaction():
                    server.execute(statement)
            except psycopg.errors.ForeignKeyViolation:
                continue
