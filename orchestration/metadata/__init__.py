"""What a materialization shows in the Dagster UI: charts, previews, tables of what was read."""
