"""What dbt cannot check: whether the ledger covers time without a gap."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import duckdb

from orchestration.resources import Warehouse
from orchestration.slices import Interval, gaps
from orchestration.warehouse.ledger import coverage, unproven

SHOWN_GAPS = 5


@dg.multi_asset_check(
    name="coverage_check",
    specs=[
        dg.AssetCheckSpec(
            "no_gaps",
            asset=["raw", "extracts"],
            description="Covered time has no gap and none of it is still to come; no failed walk is left open.",
        )
    ],
)
def no_gaps(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Report what is not proven, and fail the run on it: the tables are built, but they are not complete."""
    with warehouse.turn(), warehouse.get_connection(read_only=True) as connection:
        sources = connection.execute("select distinct source from raw.extracts order by 1").fetchall()
        found = [sentence for (source,) in sources for sentence in _not_proven(connection, source)]
    yield dg.AssetCheckResult(passed=not found, metadata={"gaps": len(found), "first gaps": found[:SHOWN_GAPS]})
    if found:
        raise dg.Failure(
            f"{len(found)} gap(s): {found[0]} The rest is stored and built; the next refresh reads it again.",
            allow_retries=False,
        )


def _not_proven(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    covered = coverage(connection, source)
    holes = gaps(Interval(covered[0].start, covered[-1].end), covered) if covered else []
    reasons = dict.fromkeys(holes, "No walk of it is complete.") | unproven(connection, source)
    now = datetime.now(UTC)
    if covered and covered[-1].end > now:
        reasons[Interval(now, covered[-1].end)] = "It is still to come, and a clock that was ahead had it read."
    return [f"{source} {gap}: {reason}" for gap, reason in sorted(reasons.items())]
