"""Authorized removals: one person's records, or all old days. Only the jobs `erase` and `retain` run it."""

from typing import Any

import dagster as dg

from orchestration.assets import OWNERS
from orchestration.assets.ingestion_metadata import table_metadata
from orchestration.evidence.removals import Removal
from orchestration.privacy.confirmation import redeem
from orchestration.privacy.copies import NOTHING, clear_published, describe_copies
from orchestration.privacy.erasure import ERASURE, RETENTION, RemovalRequest, erase, oldest_kept, retain
from orchestration.resources import SUMMARY, Publication, Warehouse, fail_step_on_error
from orchestration.warehouse.errors import WarehouseError

REMOVALS = dg.AssetKey(["raw", "removals"])


class RemovalConfig(dg.Config):
    """What to remove, who requested it, and why. Without a `kind` nothing is removed.

    Dagster stores run configuration, so name the subject of an `erasure` by user id, not by email. A `retention`
    removes the days older than `RAW_DAYS`.
    `confirmation` is the token that `make erase` or `make retain` printed on the machine of the warehouse.
    """

    kind: str = ""
    subject: str = ""
    requested_by: str = ""
    reason: str = ""
    confirmation: str = ""


@dg.asset(
    key=REMOVALS,
    deps=[["raw", "activities"], ["raw", "activity_revisions"], ["raw", "extracts"], ["raw", "day_seals"]],
    group_name="ingestion",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="One row per authorized removal of records: who requested it, why, when, how many. Of the records "
    "themselves only ids and hashes remain, or counts.",
)
def removals(warehouse: Warehouse, publication: Publication, config: RemovalConfig) -> dg.MaterializeResult:
    """Permanently remove the requested records. The job then rebuilds the tables and publishes them."""
    with fail_step_on_error():
        if not config.kind:
            return dg.MaterializeResult(metadata={SUMMARY: f"{NOTHING}.", **_described(warehouse)})
        try:
            with warehouse.lock():
                removal = _remove(warehouse, config)
        finally:
            # Even if nothing is found: what an earlier removal left beside the warehouse may still hold it.
            clear_published(publication.path, publication.general_path)
        copies = describe_copies(warehouse.path)
    return dg.MaterializeResult(
        metadata={
            SUMMARY: f"{removal or NOTHING}.\n{copies}",
            **_described(warehouse),
            "removed": str(removal or "nothing"),
            "activities": removal.activity_count if removal else 0,
            "revisions": removal.revision_count if removal else 0,
        }
    )


def _described(warehouse: Warehouse) -> dict[str, Any]:
    with warehouse.lock(), warehouse.get_connection() as connection:
        return table_metadata(connection, "removals")


def _remove(warehouse: Warehouse, config: RemovalConfig) -> Removal | None:
    request = RemovalRequest(config.requested_by, config.reason)
    if config.kind == ERASURE:
        if "@" in config.subject:
            raise WarehouseError("Dagster stores run configuration. Name the person by user id.")
        redeem(warehouse.path, config.confirmation, ERASURE, config.subject)
        return erase(warehouse.path, config.subject, request)
    if config.kind == RETENTION:
        before = oldest_kept(warehouse.raw_days())
        redeem(warehouse.path, config.confirmation, RETENTION, str(before))
        return retain(warehouse.path, before, request)
    raise WarehouseError(f"There is no removal of kind {config.kind!r}. Use {ERASURE} or {RETENTION}.")
