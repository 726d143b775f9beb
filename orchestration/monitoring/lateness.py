"""Measures how late activities arrive, from the rows found in time that had been read before."""

from dataclasses import dataclass
from math import ceil

import duckdb

from orchestration.monitoring.check_result import CheckResult
from orchestration.warehouse.schema import ASKED_FOR_ALL

_LATENESS = """
select
    count(*),
    quantile_cont(epoch(ingested_at - created_at), 0.5),
    quantile_cont(epoch(ingested_at - created_at), 0.99),
    max(epoch(ingested_at - created_at))
from raw.activities
where is_late
"""

# Late activities of the last 30 days that only a reconciliation found, in time that incremental extracts had read:
# a longer overlap would have brought them. The last extract before did not, so they were missing until then. What
# today's overlap reaches is no longer missed.
_MISSED = f"""
with found as (
    select
        activities.source,
        activities.activity_id,
        activities.created_at,
        activities.ingested_at,
        extracts.started_at
    from raw.activities
    inner join raw.extracts on activities.extract_id = extracts.extract_id
    inner join raw.sources on activities.source = sources.source
    where
        activities.is_late
        and extracts.kind = 'reconcile'
        and activities.ingested_at > (select max(last_run_at) from raw.sources) - interval 30 days
        and epoch(activities.ingested_at - activities.created_at) > sources.overlap_seconds
),
missed as (
    select
        found.source,
        found.activity_id,
        epoch(any_value(found.ingested_at - found.created_at)) as found_after,
        epoch(max(earlier.started_at) - any_value(found.created_at)) as missing_after
    from found
    inner join raw.extracts as earlier
        on
            found.source = earlier.source
            and found.started_at > earlier.started_at
            and found.created_at >= earlier.slice_start
            and found.created_at < earlier.slice_end
    where earlier.status = 'complete' and {ASKED_FOR_ALL}
    group by found.source, found.activity_id
    having bool_or(earlier.kind = 'incremental')
)
select source, count(*), max(missing_after), max(found_after) from missed group by source order by source
"""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds between an activity and its storing, over `count` late ones; None where there are none."""

    count: int
    p50: float | None
    p99: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class Missed:
    """Late activities of a source that its overlap was too short for.

    All of them were there `found_after` seconds after they had happened, at the latest; one was still missing
    after `missing_after` seconds.
    """

    source: str
    count: int
    missing_after: float
    found_after: float


def measure_lateness(connection: duckdb.DuckDBPyConnection) -> Lateness:
    """How late activities have arrived, over all sources and all time."""
    [found] = connection.execute(_LATENESS).fetchall()
    return Lateness(*found)


def missed_by_overlap(connection: duckdb.DuckDBPyConnection) -> list[Missed]:
    """What reconciliation found in the last 30 days that a longer overlap would have; by source."""
    return [Missed(*found) for found in connection.execute(_MISSED).fetchall()]


def overlap_reaches_far_enough(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """No reconciliation found what a longer overlap would have: nothing is lost, but it arrives a night late."""
    missed = missed_by_overlap(connection)
    figures = {
        "missed": sum(one.count for one in missed),
        "sufficient overlap in minutes": max((_minutes(one) for one in missed), default=0),
    }
    sentence = " ".join(map(_sentence, missed)) or "Every late activity came within the overlap."
    return CheckResult(not missed, sentence, is_error=False, figures=figures)


def _sentence(missed: Missed) -> str:
    return (
        f"{missed.source}: reconciliation found {missed.count} late activities beyond the overlap, one of them "
        f"still missing {missed.missing_after / 60:.0f} minutes after it had happened. An overlap of "
        f"{_minutes(missed)} minutes would have reached all of them (FEED_OVERLAP_MINUTES)."
    )


def _minutes(missed: Missed) -> int:
    return ceil(missed.found_after / 60)
