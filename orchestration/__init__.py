"""The pipeline: Activity Feed to DuckDB to curated tables, run by Dagster."""

__version__ = "0.1.0"
PRODUCT = "compliance-warehouse"
