"""The access-review pack: what was held on a day, as CSV and as a page. Knows no Dagster."""
