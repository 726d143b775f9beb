"""Builds the dbt models on a local Spark instead of DuckDB, from an archive: `python -m spark`."""
