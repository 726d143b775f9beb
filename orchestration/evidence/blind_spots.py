"""When logging was switched off, as `marts.blind_spots` has it: dbt works it out, here it is only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.intervals import Interval
from orchestration.warehouse.builds import last_build, newest_ingest_seq

# Those of a source are the ones that an activity of the source reports.
_BLIND_SPOTS = """
with given as (
    select activity_id from raw.stored_activities
    where source = $source and activity_type = 'org_compliance_api_settings_updated'
)
select
    organization_uuid as organization, switch, began_at as off_at, ended_at as on_at,
    switched_off_activity_id as off_activity_id, switched_on_activity_id as on_activity_id
from marts.blind_spots
where
    coalesce(began_at < $until, true)
    and coalesce(ended_at > $since, true)
    and (switched_off_activity_id in (from given) or switched_on_activity_id in (from given))
order by began_at nulls first, organization, switch, ended_at
"""
_NOT_BUILT = "The tables are not built yet, so no blind spot is known. Run `make refresh`, then attest again."
_BEHIND = (
    "Activities were stored after the tables were last built ({built_at}): a switch that one of them reports is "
    "not listed. Run `make refresh`, then attest again."
)


@dataclass(frozen=True, slots=True)
class BlindSpots:
    """The intervals, None before the table is built; `remark` is a sentence where they may not be all."""

    rows: list[dict[str, Any]] | None
    remark: str | None


def read_blind_spots(connection: duckdb.DuckDBPyConnection, source: str, period: Interval) -> BlindSpots:
    """The blind spots that meet the period; `off_at` is null where the beginning was not seen."""
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'blind_spots'"
    ).fetchall()
    if not known:
        return BlindSpots(None, _NOT_BUILT)
    bounds = {"since": period.start.replace(tzinfo=None), "until": period.end.replace(tzinfo=None)}
    cursor = connection.execute(_BLIND_SPOTS, {"source": source} | bounds)
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    build = last_build(connection)
    if build and build[1] >= newest_ingest_seq(connection):
        return BlindSpots(rows, None)
    return BlindSpots(
        rows, _BEHIND.format(built_at=f"{build[2]:%Y-%m-%d %H:%M:%S} UTC" if build else "no build is recorded")
    )
