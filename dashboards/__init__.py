"""Apache Superset datasets, charts and dashboards as code, on the published marts."""
