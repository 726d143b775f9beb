"""Stores the entries of `detections.toml` that are in force in schema `raw`, for dbt."""

from dataclasses import astuple

import duckdb

from orchestration.detections.file import Detections
from orchestration.duckdb_sql import transaction


def load_detections(connection: duckdb.DuckDBPyConnection, detections: Detections) -> None:
    """Replace the settings and allowlists of the warehouse, in one transaction."""
    with transaction(connection):
        for table, entries in (
            ("detection_settings", detections.settings),
            ("detection_allowlist", detections.allowlist),
        ):
            connection.execute(f"delete from raw.{table}")
            for row in map(astuple, entries):
                connection.execute(f"insert into raw.{table} values ({', '.join('?' * len(row))})", row)
