"""The pipeline: Activity Feed to DuckDB to curated tables, run by Dagster."""

__version__ = "0.3.1"
PRODUCT = "compliance-warehouse"
