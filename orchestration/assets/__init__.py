"""Dagster assets, one module per stage. An asset calls a function of a room and reports metadata."""

from datetime import timedelta

import dagster as dg

OWNERS = ["team:compliance-data"]
# Of what every refresh makes or confirms; REFRESH_EVERY_MINUTES is 60 at most. The directory has none: how often
# it is read is a setting of hours.
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=2), warn_window=timedelta(minutes=75))
