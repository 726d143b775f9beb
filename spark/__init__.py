"""The models on Spark instead of DuckDB: `python -m spark` builds them from an archive, on this machine."""
