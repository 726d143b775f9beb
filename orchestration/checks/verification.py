"""The checks of job `verify`: too much work for every refresh, so they are part of no other job."""

from collections.abc import Iterator

import dagster as dg

from orchestration.assets.evidence import DAY_SEALS, NEWEST_SEALS
from orchestration.evidence.verify import CHECKS, Verification, VerificationResult, find_told_seals, verify
from orchestration.resources import Warehouse
from orchestration.warehouse.errors import WarehouseError

# Read from the log at once.
LOG_ENTRIES = 1000

_DESCRIPTIONS = {
    "payload_hashes_hold": "Each payload has the hash that was stored with it.",
    "columns_match_payloads": "Id, time, type, organization and kind of actor say what the payload says.",
    "ids_are_unique": "An id stands once in a source.",
    "ingest_seq_is_unique": "No number was given to two rows.",
    "rows_match_the_ledger": "Each extract has the rows that its ledger row counts, and each row has an extract.",
    "quarantined_records_hold": "Each quarantined record has the hash of its payload, or was emptied by a removal.",
    "chain_holds": "Each seal follows from the one before it; none is missing, added or changed.",
    "sealed_days_hold": "Each sealed day has the activities that it was sealed with.",
    "removals_hold": "What was removed on order is recorded, told of by seals, and has not come back.",
    "logged_seals_are_there": "The seals that refreshes left in Dagster's event log are still there.",
}


@dg.multi_asset_check(
    name="verification",
    # Whoever materializes one asset by hand gets its checks alone.
    can_subset=True,
    specs=[
        dg.AssetCheckSpec(name, asset=["raw", table], description=_DESCRIPTIONS[name])
        for table, name in (*CHECKS, ("day_seals", "logged_seals_are_there"))
    ],
)
def verification(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Compute everything again, and fail the run on what differs."""
    told = _logged_seals(context.instance, warehouse)
    with warehouse.write_lock(), warehouse.get_connection(read_only=True) as connection:
        try:
            found = verify(connection)
        except WarehouseError as error:
            raise dg.Failure(str(error), allow_retries=False) from None
        outcomes = [*found.outcomes, find_told_seals(connection, told)]
    wanted = {(key.asset_key.path[-1], key.name) for key in context.selected_asset_check_keys}
    outcomes = [one for one in outcomes if (one.table, one.name) in wanted]
    for one in outcomes:
        yield _result(one, found)
    failed = [one for one in outcomes if one.finding_count]
    if failed:
        raise dg.Failure(
            f"{len(failed)} check(s) found differences. raw.{failed[0].table}, {failed[0].name}: "
            f"{failed[0].finding_count} differ, the first: {failed[0].first}. Keep this file as it is, and "
            "compare it with a backup.",
            allow_retries=False,
        )


def _logged_seals(instance: dg.DagsterInstance, warehouse: Warehouse) -> list[tuple[str, str]]:
    """Source and `seal_sha256` of all seals that refreshes of this warehouse reported and the log still has."""
    seals: set[tuple[str, str]] = set()
    cursor, has_more = None, True
    while has_more:
        entries = instance.fetch_materializations(DAY_SEALS, limit=LOG_ENTRIES, cursor=cursor)
        cursor, has_more = entries.cursor, entries.has_more
        reports = [
            entry.asset_materialization.metadata for entry in entries.records if entry.asset_materialization
        ]
        ours = [one for one in reports if one["warehouse"].value == str(warehouse.path.absolute())]
        records = [record.data for one in ours for record in one[NEWEST_SEALS].records]
        seals |= {(str(one["source"]), str(one["seal_sha256"])) for one in records}
    return sorted(seals)


def _result(one: VerificationResult, found: Verification) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
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
            "removed on order": "; ".join(map(str, found.removals)) or "nothing",
        },
    )
