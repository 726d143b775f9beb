"""The checks of the job `verify`. They read every payload, which is too much for each refresh."""

from collections.abc import Iterator

import dagster as dg

from orchestration.assets.evidence import DAY_SEALS, NEWEST_SEALS
from orchestration.resources import Warehouse, fail_step_on_error, failure
from orchestration.run_states import VERIFIED, verified_asset
from orchestration.verification.verify import Verification, VerificationResult, verify

# Log entries per page.
LOG_ENTRIES = 1000

_DESCRIPTIONS = {
    "payload_hashes_hold": "Each payload has the hash that was stored with it.",
    "columns_match_payloads": "Ids, time, type and actor type are those of the payload, where it has them.",
    "ids_are_unique": "An id occurs once per source.",
    "ingest_seq_is_unique": "No two rows have the same number.",
    "rows_match_the_ledger": "Each extract or walk has as many rows as its ledger row says, and each row has one.",
    "contents_match_the_ledger": "The rows of an extract give the hash of what it received, if all of it was new; "
    "those of a list as of a walk that of the walk.",
    "sealed_extracts_hold": "The ledger has the extracts that were sealed, unchanged.",
    "quarantined_records_hold": "Each quarantined record has the hash stored with it, and its extract counts it.",
    "usage_hashes_hold": "Each row of the usage report has the hash that was stored with it.",
    "walk_seq_has_no_gap": "Directory walks are numbered from 1, and no number is missing or given twice.",
    "sealed_walks_hold": "The ledger of the directory has the walks that were sealed, unchanged.",
    "chain_holds": "Each seal is chained to the previous one; none is missing, added or changed.",
    "sealed_days_hold": "Each sealed day has the same activities as when it was sealed.",
    "removals_hold": "Every authorized removal is recorded and sealed, and no removed record has come back.",
    "decisions_hold": "Each decision about a finding is as it was made, and none before it is missing.",
    "logged_seals_are_there": "The seals in Dagster's event log are still in the warehouse.",
}


@dg.multi_asset_check(
    name="verification",
    # Materializing one asset by hand runs only its own checks.
    can_subset=True,
    specs=[
        dg.AssetCheckSpec(name, asset=verified_asset(table), description=_DESCRIPTIONS[name])
        for table, name in VERIFIED
    ],
)
def verification(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Recompute everything, and fail the run on any difference."""
    logged_seals = _logged_seals(context.instance, warehouse)
    with warehouse.lock(), fail_step_on_error():
        found = verify(warehouse.path, logged=logged_seals)
    wanted = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
    outcomes = [outcome for outcome in found.outcomes if (verified_asset(outcome.table), outcome.name) in wanted]
    for outcome in outcomes:
        yield _result(outcome, found)
    failed = [outcome for outcome in outcomes if outcome.finding_count]
    if failed:
        raise failure(
            f"{len(failed)} check(s) found differences. raw.{failed[0].table}, {failed[0].name}: "
            f"{failed[0].finding_count} differ, the first: {failed[0].first}. Keep this file as it is, and "
            "compare it with a backup."
        )


def _logged_seals(instance: dg.DagsterInstance, warehouse: Warehouse) -> list[tuple[str, str]]:
    """Source and `seal_sha256` of every seal that refreshes of this warehouse have logged."""
    seals: set[tuple[str, str]] = set()
    cursor, has_more = None, True
    while has_more:
        entries = instance.fetch_materializations(DAY_SEALS, limit=LOG_ENTRIES, cursor=cursor)
        cursor, has_more = entries.cursor, entries.has_more
        reports = [
            entry.asset_materialization.metadata for entry in entries.records if entry.asset_materialization
        ]
        of_warehouse = [one for one in reports if one["warehouse"].value == str(warehouse.path.absolute())]
        records = [record.data for one in of_warehouse for record in one[NEWEST_SEALS].records]
        seals |= {(str(record["source"]), str(record["seal_sha256"])) for record in records}
    return sorted(seals)


def _result(one: VerificationResult, found: Verification) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=one.name,
        asset_key=verified_asset(one.table),
        passed=not one.finding_count,
        metadata={
            "checked": one.checked_count,
            "differ": one.finding_count,
            "first": one.first or "none",
            "seconds": round(one.seconds, 1),
            "activities a second": round(found.activity_count / max(found.seconds, 1e-9)),
            "days not yet sealed": found.unsealed_day_count,
            "sealed days with newer activities": found.changed_day_count,
            "walks not yet sealed": found.unsealed_walk_count,
            "unproven": found.unproven or "nothing",
            "removed on request": "; ".join(map(str, found.removals)) or "nothing",
        },
    )
