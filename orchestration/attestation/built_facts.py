"""Facts that an attestation reads from the marts: blind spots, keys that read, names of organizations."""

from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.duckdb_sql import dict_rows
from orchestration.intervals import Interval, naive_utc
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
# The feed reports each read with the id of the key; who made the key, and with which scopes, is the mart's.
_KEYS = """
with asked as (
    select distinct request_id from raw.feed_requests
    where source = $source and extract_id in (
        select extract_id from raw.extracts
        where source = $source and slice_start < $until and slice_end > $since
    )
),
reads as (
    select actor_type, actor_id as key_id, count(*) as read_count
    from marts.activities semi join asked using (request_id)
    where is_own_read
    group by all
)
select
    key_id, coalesce(any_value(key_type), any_value(actor_type)) as key_type,
    coalesce(any_value(scopes), []::varchar[]) as scopes, any_value(read_count) as read_count
from reads left join marts.key_lifecycle using (key_id)
group by key_id
order by key_id nulls last
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


def read_keys(connection: duckdb.DuckDBPyConnection, source: str, period: Interval) -> list[dict[str, Any]] | None:
    """The keys that read the period, as the feed reported, with their scopes; None before there is a build."""
    if not _are_built(connection, "activities", "key_lifecycle"):
        return None
    return _rows(connection, _KEYS, source, period)


def name_organizations(
    connection: duckdb.DuckDBPyConnection, counted: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows with `organization_name`, None where neither the log nor the directory states it."""
    names: dict[str | None, str] = {}
    if _are_built(connection, "organizations"):
        found = connection.execute("select organization_uuid, organization_name from marts.organizations")
        names = dict(found.fetchall())
    return [row | {"organization_name": names.get(row["organization_uuid"])} for row in counted]


def read_blind_spots(connection: duckdb.DuckDBPyConnection, source: str, period: Interval) -> BlindSpots:
    """The blind spots that meet the period; `off_at` is null where the beginning was not seen."""
    if not _are_built(connection, "blind_spots"):
        return BlindSpots(None, _NOT_BUILT)
    rows = _rows(connection, _BLIND_SPOTS, source, period)
    build = last_build(connection)
    if build and build.ingest_seq >= newest_ingest_seq(connection):
        return BlindSpots(rows, None)
    return BlindSpots(
        rows,
        _BEHIND.format(built_at=f"{build.built_at:%Y-%m-%d %H:%M:%S} UTC" if build else "no build is recorded"),
    )


def _are_built(connection: duckdb.DuckDBPyConnection, *names: str) -> bool:
    [(count,)] = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'marts' and list_contains($names, table_name)",
        {"names": list(names)},
    ).fetchall()
    return count == len(names)


def _rows(
    connection: duckdb.DuckDBPyConnection, statement: str, source: str, period: Interval
) -> list[dict[str, Any]]:
    bounds = {"since": naive_utc(period.start), "until": naive_utc(period.end)}
    return dict_rows(connection, statement, {"source": source} | bounds)
