"""Dagster assets, one module per stage. An asset calls a function of a room and reports metadata."""

OWNERS = ["team:compliance-data"]
