"""Checks all paths of the product together: none may overlap with one that another part writes.

Links are resolved, and nothing is written before. Published files are replaced as a whole, the archive is written
once, and Dagster manages its home: each needs a directory of its own.
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from orchestration.config.archive import read_archive
from orchestration.config.settings import ROOT, Settings, general_beside
from orchestration.config.values import ConfigurationError

# What Dagster keeps in its home; other directories may be there too.
_OF_DAGSTER = (
    "dagster.yaml", "workspace.yaml", "storage", "history", "schedules", "logs", ".logs_queue", ".telemetry",
    ".nux",
)  # fmt: skip
# DuckDB's own names: it refers to a database by the name of its file.
_TAKEN = (
    "raw", "staging", "intermediate", "marts", "detections", "delivered", "main", "system", "temp", "memory",
    "origin", "edition", "pg_catalog", "information_schema",
)  # fmt: skip


def check_paths(environment: Mapping[str, str]) -> None:
    """Compare all paths of the environment with each other.

    Raises:
        ConfigurationError: one is where another writes, or the engine cannot use the warehouse's name.
    """
    paths, archive = Settings.paths(environment), read_archive(environment)
    warehouse = paths.warehouse_path
    _check_name(warehouse)
    directories = {
        "PUBLISHED_PATH": paths.published_path,
        "PUBLISHED_GENERAL_PATH": paths.published_general_path,
        "DAGSTER_HOME": paths.dagster_home,
    }
    if archive and not archive.place.startswith("s3://"):
        directories["ARCHIVE_PATH"] = Path(archive.place)
    others = Settings.read(environment, "siem_path", "spark_warehouse", "spark_published_path", "published_path")
    for name, place in (("SIEM_PATH", others.siem_path), ("SPARK_WAREHOUSE", others.spark_warehouse)):
        if place and not place.startswith("s3://"):
            directories[name] = ROOT / place
    if others.spark_warehouse:
        directories["SPARK_PUBLISHED_PATH"] = others.spark_published_path
        directories["SPARK_PUBLISHED_PATH (general)"] = general_beside(others.spark_published_path)
    for name, path in {"WAREHOUSE_PATH": warehouse, **directories}.items():
        _check_links(name, path)
    for (name, one), (other_name, other) in combinations(directories.items(), 2):
        if _overlap(name, one, other_name, other):
            raise ConfigurationError(
                f"{name} ({one}) and {other_name} ({other}) overlap. Use two directories, neither inside the "
                "other."
            )
    for name, directory in directories.items():
        _check_warehouse(warehouse, name, directory)


def _check_links(name: str, path: Path) -> None:
    try:
        path.resolve()
    except (OSError, RuntimeError):
        raise ConfigurationError(
            f"{name} ({path}) goes through a circle of symbolic links. Choose another path."
        ) from None


def _check_warehouse(warehouse: Path, name: str, directory: Path) -> None:
    place, file = directory.resolve(), warehouse.resolve()
    is_within = any(file.is_relative_to(one) for one in ([place] if name != "DAGSTER_HOME" else _own(place)))
    # Its lock, its log, staged files and what dbt writes are beside the file; their names begin with its name.
    beside = [file, warehouse.absolute()]
    is_over = any(
        part.parent == one.parent
        and (part.name.startswith(f"{one.name}.") or part in (one, one.with_suffix(".dbt")))
        for part in (place, *place.parents)
        for one in beside
    )
    if is_within or is_over:
        raise ConfigurationError(
            f"{name} ({directory}) is where the warehouse {warehouse} is kept, and one would overwrite the "
            "other. Choose a directory that neither holds the warehouse nor shares its name."
        )


def _overlap(name: str, one: Path, other_name: str, other: Path) -> bool:
    """Neither is within the other; within Dagster's home what is not Dagster's may be."""
    first, second = one.resolve(), other.resolve()
    if first == second:
        return True
    for (outer_name, outer), inner in (((name, first), second), ((other_name, second), first)):
        owned = _own(outer) if outer_name == "DAGSTER_HOME" else [outer]
        if any(inner.is_relative_to(place) for place in owned):
            return True
    return False


def _own(home: Path) -> list[Path]:
    return [home / name for name in _OF_DAGSTER]


def _check_name(warehouse: Path) -> None:
    stem = warehouse.name.partition(".")[0]
    if stem.lower() in _TAKEN:
        raise ConfigurationError(
            f"WAREHOUSE_PATH is {warehouse}, and {stem} is reserved by DuckDB or the name of a schema. Choose "
            "another file name, such as compliance.duckdb."
        )
    # dbt puts the name of the file into statements as it is, but not the directory's.
    if any(one in "\"'" for one in warehouse.name) or not str(warehouse).isprintable():
        raise ConfigurationError(
            f"WAREHOUSE_PATH is {str(warehouse)!r}. Use a file name without quotes or unprintable characters."
        )
