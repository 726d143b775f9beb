"""Datasets, charts and dashboards of Apache Superset as code, on the published marts."""
