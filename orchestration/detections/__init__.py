"""Detection rules: their metadata, what `detections.toml` changes, and decisions about findings.

A rule and its thresholds are in `dbt_project/models/detections/rules`: one `.sql` and one `.yml`.
"""
