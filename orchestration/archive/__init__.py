"""Sealed days as Parquet in a directory or an S3-compatible store, and the way back.

`docs/archive.md` has the layout. Nothing here knows the orchestrator.
"""
