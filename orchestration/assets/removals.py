"""Removal on request: one person's records, or all records of old days. Only jobs `erase` and `retain` do it."""

import dagster as dg

from orchestration.evidence.removals import Removal
from orchestration.privacy.copies import NOTHING, clear_published, describe_copies
from orchestration.privacy.erasure import RemovalRequest, erase, oldest_kept, retain
from orchestration.publish.errors import PublicationError
from orchestration.resources import SUMMARY, Publication, Warehouse
from orchestration.warehouse.errors import WarehouseError

REMOVALS = dg.AssetKey(["raw", "removals"])
ERASURE, RETENTION = "erasure", "retention"


class RemovalConfig(dg.Config):
    """Who has what removed, and why. Dagster keeps this: name the person of an `erasure` by the user id alone.

    A `retention` removes days that are older than the `RAW_DAYS` of the environment.
    """

    kind: str
    subject: str = ""
    requested_by: str = ""
    reason: str = ""


@dg.asset(
    key=REMOVALS,
    deps=[["raw", "activities"], ["raw", "activity_revisions"], ["raw", "extracts"], ["raw", "day_seals"]],
    group_name="ingestion",
    owners=["team:compliance-data"],
    kinds={"python", "duckdb"},
    description="One row per removal of records on somebody's order: who, why, when, how many. What is left of "
    "the records themselves are ids and hashes, or counts.",
)
def removals(warehouse: Warehouse, publication: Publication, config: RemovalConfig) -> dg.MaterializeResult:
    """Remove what is requested, for good. Afterwards the job rebuilds the tables and publishes them."""
    try:
        with warehouse.write_lock():
            removal = _remove(warehouse, config)
        clear_published(publication.path, publication.general_path)
        copies = describe_copies(warehouse.path)
    except (PublicationError, WarehouseError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    with warehouse.write_lock(), warehouse.get_connection(read_only=True) as connection:
        [(row_count,)] = connection.execute("select count(*) from raw.removals").fetchall()
    return dg.MaterializeResult(
        metadata={
            SUMMARY: f"{removal}.\n{copies}" if removal else NOTHING,
            "dagster/row_count": row_count,
            "removed": str(removal or "nothing"),
            "activities": removal.activity_count if removal else 0,
            "revisions": removal.revision_count if removal else 0,
        }
    )


def _remove(warehouse: Warehouse, config: RemovalConfig) -> Removal | None:
    request = RemovalRequest(config.requested_by, config.reason)
    if config.kind == ERASURE:
        if "@" in config.subject:
            raise WarehouseError("Dagster keeps what a run is told. Name the person by the user id.")
        return erase(warehouse.path, config.subject, request)
    if config.kind == RETENTION:
        return retain(warehouse.path, oldest_kept(warehouse.raw_days()), request)
    raise WarehouseError(f"There is no removal of kind {config.kind!r}. Use {ERASURE} or {RETENTION}.")
