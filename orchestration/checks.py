"""What dbt cannot check: whether the ledger covers time without a gap."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from orchestration.resources import Warehouse
from orchestration.slices import Interval, gaps, rfc3339
from orchestration.warehouse.ledger import coverage

SHOWN_GAPS = 5


@dg.multi_asset_check(
    name="coverage_check",
    specs=[
        dg.AssetCheckSpec(
            "no_gaps",
            asset=["raw", "extracts"],
            description="Covered time has no gap, and no failed walk has left a slice open.",
        )
    ],
)
def no_gaps(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Report gaps, and fail the run on them: the tables are built, but they are not complete."""
    found: list[str] = []
    with warehouse.turn(), warehouse.get_connection() as connection:
        for (source,) in connection.execute("select distinct source from raw.extracts order by 1").fetchall():
            covered = coverage(connection, source)
            stretches = [Interval(covered[0].start, covered[-1].end)] if covered else []
            failed = connection.execute(
                "select slice_start, slice_end from raw.extracts where source = ? and status <> 'complete'",
                [source],
            ).fetchall()
            stretches += [
                Interval(_utc(start), _utc(end))
                for start, end in failed
                if gaps(Interval(_utc(start), _utc(end)), covered)
            ]
            open_now = {gap for stretch in stretches for gap in gaps(stretch, covered)}
            found += [f"{source} [{rfc3339(gap.start)}, {rfc3339(gap.end)})" for gap in sorted(open_now)]
    yield dg.AssetCheckResult(passed=not found, metadata={"gaps": len(found), "first gaps": found[:SHOWN_GAPS]})
    if found:
        raise dg.Failure(
            f"{len(found)} gap(s) in covered time, the first is {found[0]}. The rest is stored and built. "
            "The next refresh reads the gaps again; raw.extracts says what went wrong.",
            allow_retries=False,
        )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
