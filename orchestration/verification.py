"""The checks of job `verify`: too much work for every refresh, so they are part of no other job."""

from collections.abc import Iterator

import dagster as dg

from orchestration.resources import Warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.verify import CHECKS, verify

_DESCRIPTIONS = {
    "payload_hashes_hold": "Each payload has the hash that was stored with it.",
    "columns_match_payloads": "Id, time and type say what the payload says.",
    "ids_are_unique": "An id stands once in a source.",
    "ingest_seq_is_unique": "No number was given to two rows.",
    "rows_match_the_ledger": "Each walk has the rows that its ledger row counts, and each row has a walk.",
    "chain_holds": "Each seal follows from the one before it; none is missing, added or changed.",
    "sealed_days_hold": "Each sealed day has the activities that it was sealed with.",
}


@dg.multi_asset_check(
    name="verification",
    specs=[
        dg.AssetCheckSpec(name, asset=["raw", table], description=_DESCRIPTIONS[name]) for table, name in CHECKS
    ],
)
def verification(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Compute everything again, and fail the run on what differs."""
    with warehouse.turn(), warehouse.get_connection(read_only=True) as connection:
        try:
            found = verify(connection)
        except WarehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
    for one in found.outcomes:
        yield dg.AssetCheckResult(
            check_name=one.name,
            asset_key=["raw", one.table],
            passed=not one.finding_count,
            metadata={
                "checked": one.checked_count,
                "differ": one.finding_count,
                "first": one.first or "none",
                "seconds": round(one.seconds, 1),
                "activities a second": round(found.activity_count / max(found.seconds, 1e-9)),
                "days not yet sealed": found.unsealed_day_count,
                "sealed days with newer activities": found.changed_day_count,
            },
        )
    if found.findings:
        one = found.findings[0]
        raise dg.Failure(
            f"{len(found.findings)} check(s) found differences. raw.{one.table}, {one.name}: {one.finding_count} "
            f"differ, the first: {one.first}. Keep this file as it is, and compare it with a backup.",
            allow_retries=False,
        )
