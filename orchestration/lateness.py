"""Whether the overlap of the incremental walks reaches back as far as activities come late."""

from collections.abc import Iterator
from math import ceil

import dagster as dg

from orchestration.resources import Warehouse
from orchestration.warehouse.lateness import Missed, missed_by_overlap


@dg.multi_asset_check(
    name="lateness_check",
    specs=[
        dg.AssetCheckSpec(
            "overlap_reaches_far_enough",
            asset=["raw", "activities"],
            description="In the last 30 days no reconciliation found what a longer overlap would have found.",
        )
    ],
)
def overlap_reaches_far_enough(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Warn when activities come later than the overlap reaches: nothing is lost, but they come a night late."""
    with warehouse.turn(), warehouse.get_connection(read_only=True) as connection:
        missed = missed_by_overlap(connection)
    yield dg.AssetCheckResult(
        passed=not missed,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(map(_sentence, missed)) or None,
        metadata={
            "missed": sum(one.count for one in missed),
            "sufficient_overlap_minutes": max((_minutes(one) for one in missed), default=0),
        },
    )


def _sentence(missed: Missed) -> str:
    return (
        f"{missed.source}: reconciliation found {missed.count} late activities beyond the overlap, one of them "
        f"still missing {missed.missing_after / 60:.0f} minutes after it had happened. An overlap of "
        f"{_minutes(missed)} minutes would have reached all of them (FEED_OVERLAP_MINUTES)."
    )


def _minutes(missed: Missed) -> int:
    return ceil(missed.found_after / 60)
