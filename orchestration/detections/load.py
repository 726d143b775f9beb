"""Stores what is in force of `detections.toml` in schema `raw`, where dbt reads it."""

from __future__ import annotations

from dataclasses import astuple

import duckdb

from orchestration.detections.file import Detections


def load_detections(connection: duckdb.DuckDBPyConnection, detections: Detections) -> None:
    """Replace the settings and allowlists of the warehouse, in one transaction."""
    connection.begin()
    try:
        for table, entries in (
            ("detection_settings", detections.settings),
            ("detection_allowlist", detections.allowlist),
        ):
            connection.execute(f"delete from raw.{table}")
            for row in map(astuple, entries):
                connection.execute(f"insert into raw.{table} values ({', '.join('?' * len(row))})", row)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
