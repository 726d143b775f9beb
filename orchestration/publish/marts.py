"""Reads the marts to publish from dbt's manifest.

A mart's `.yml` can say under `config: meta: publish:` how to store it: `order_by` (columns to sort rows by),
`partition_by` (a date column; Parquet files are split by its months), `indexes` (columns that PostgreSQL indexes),
`ages_by` (a time or date column; rows before `PUBLISHED_DAYS` are not published), `identified_by` (columns that
are the key together, where no single one is) and `sheet` (its name in the workbook). The rest comes from the
contract: columns, descriptions, labels of personal data, the key.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import orjson

from orchestration.project_files import project_sha256
from orchestration.publish.errors import PublicationError

SCHEMA = "marts"
# What marks a mart's key in the test of its columns: unique among all rows, or of new rows against all.
UNIQUE = ("unique", "unique_of_new")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a mart. `data_type`: SQL type in lower case; `pii`: label of personal data, or None."""

    name: str
    data_type: str
    description: str
    pii: str | None


@dataclass(frozen=True, slots=True)
class Mart:
    """A mart, how it is stored, and the relation of the warehouse that its rows are read from.

    `identified_by`: the columns that identify a row; empty if none do. `sheet`: its name in the workbook, if any.
    `counted`: the relation with the same rows before values are replaced; the row count must be the same.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: str | None
    identified_by: tuple[str, ...]
    order_by: tuple[str, ...]
    partition_by: str | None
    indexes: tuple[str, ...]
    ages_by: str | None
    relation: str
    counted: str
    sheet: str | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns in the order of the contract."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All marts, and the hash of the project, which `raw.builds` has for each build too."""

    marts: tuple[Mart, ...]
    project_hash: str


def read_catalog(manifest_path: Path) -> Catalog:
    """The marts in the dbt manifest at the path, sorted by name.

    Raises:
        PublicationError: there is no readable manifest.
    """
    try:
        marts = _read_marts(manifest_path, manifest_path.stat().st_mtime_ns)
    except (OSError, orjson.JSONDecodeError):
        raise PublicationError(
            f"There is no manifest of the dbt project at {manifest_path}. Run `make setup`."
        ) from None
    return Catalog(marts, project_sha256(manifest_path.parents[1]))


def require_all_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, count: int) -> None:
    """Check the number of rows to publish against the mart.

    Raises:
        PublicationError: the numbers differ.
    """
    [(built,)] = connection.execute(f"select count(*) from {mart.counted}").fetchall()
    if count != built:
        raise PublicationError(
            f"{mart.name} has {built:,} rows, and {count:,} would have been published, so nothing was; what was "
            "published before stays. Please report this."
        )


@lru_cache(maxsize=1)
def _read_marts(manifest_path: Path, _changed_at: int) -> tuple[Mart, ...]:
    """Each of a run's six publications asks for them, and the manifest has several MB."""
    nodes = orjson.loads(manifest_path.read_bytes())["nodes"].values()
    keys = _unique_columns(nodes)
    marts = [
        _mart(node, keys.get(node["unique_id"], []))
        for node in nodes
        if node["resource_type"] == "model" and node["schema"] == SCHEMA
    ]
    return tuple(sorted(marts, key=lambda mart: mart.name))


def _mart(node: dict[str, Any], unique_columns: list[str]) -> Mart:
    columns = tuple(
        Column(name, column["data_type"].lower(), column["description"], column["config"]["meta"].get("pii"))
        for name, column in node["columns"].items()
    )
    stored = node["config"]["meta"].get("publish", {})
    key = next((column.name for column in columns if column.name in unique_columns), None)
    return Mart(
        name=node["name"],
        description=" ".join(node["description"].split()),
        columns=columns,
        key=key,
        identified_by=(key,) if key else tuple(stored.get("identified_by", ())),
        order_by=tuple(stored.get("order_by", [key] if key else [])),
        partition_by=stored.get("partition_by"),
        indexes=tuple(stored.get("indexes", [])),
        ages_by=stored.get("ages_by"),
        relation=f"{SCHEMA}.{node['name']}",
        counted=f"{SCHEMA}.{node['name']}",
        sheet=stored.get("sheet"),
    )


def _unique_columns(nodes: Any) -> dict[str, list[str]]:
    return {
        node["attached_node"]: [key for kind in UNIQUE for key in node["test_metadata"]["kwargs"].get(kind, ())]
        for node in nodes
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == "valid_columns"
    }
