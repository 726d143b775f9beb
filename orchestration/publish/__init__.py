"""Publishes the marts: read-only copies for analysts, each replaced atomically.

`marts` reads from dbt's manifest what there is to publish. `sets` derives the two published sets from it, with
`pseudonyms`. `edition` decides whether the state of the warehouse may be published. `duckdb_file`, `parquet` and
`postgres` write it. The marts are built by dbt; Dagster runs the publication.
"""
