"""Archives sealed days as Parquet in a directory or an S3-compatible store, and restores from it.

`docs/archive.md` describes the layout. Nothing here imports Dagster.
"""
