"""Seals, statements and access reviews: what lets others check without trusting whoever runs the warehouse."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.access_review.review import DIRECTORY, ReviewError, write_review
from orchestration.evidence.attestation import AttestationError, Attested, Period, attest, read_period
from orchestration.evidence.seals import Sealing, seal_days
from orchestration.publish.duckdb_file import FILE_NAME
from orchestration.resources import SUMMARY, Publication, Warehouse
from orchestration.run_history import EVIDENCE_TAG
from orchestration.warehouse.errors import WarehouseError

OWNERS = ["team:compliance-data"]
DAY_SEALS = dg.AssetKey(["raw", "day_seals"])
# The metadata under which job `verify` finds them again.
NEWEST_SEALS = "newest seals"


class Statement(dg.Config):
    """What to state: days of UTC such as 2026-01-31, both included; empty means the last complete month.

    `source` is one source instead of each, and `output` another directory.
    """

    first_date: str = ""
    last_date: str = ""
    source: str = ""
    output: str = ""


@dg.asset(
    key=DAY_SEALS,
    deps=[["raw", "activities"], ["raw", "extracts"]],
    group_name="ingestion",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="One row per source, closed day and version: a hash over the day's activities, chained to the "
    "seal before it. A late arrival makes a further version; the first stays.",
)
def day_seals(warehouse: Warehouse) -> dg.MaterializeResult:
    """Seal what is closed and proven. The newest seals also stand in the event log, outside the warehouse."""
    with warehouse.write_lock(), warehouse.get_connection() as connection:
        report = seal_days(connection)
        [(row_count,)] = connection.execute("select count(*) from raw.day_seals").fetchall()
    is_new = any(one.sealed_count or one.resealed_count for one in report)
    return dg.MaterializeResult(
        tags={EVIDENCE_TAG: "true"} if is_new else None,
        metadata={
            "dagster/row_count": row_count,
            "sealed": sum(one.sealed_count for one in report),
            "sealed again": sum(one.resealed_count for one in report),
            "days waiting": sum(one.waiting_count for one in report),
            "warehouse": dg.MetadataValue.path(warehouse.path.absolute()),
            NEWEST_SEALS: _newest_seals(report),
        },
    )


def _newest_seals(report: Sequence[Sealing]) -> dg.TableMetadataValue:
    names = ("source", "seals", "newest day", "seal_sha256")
    rows = [
        (one.source, one.seal_count, str(one.newest_date), one.newest_seal_sha256)
        for one in report
        if one.newest_seal_sha256
    ]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name, "int" if name == "seals" else "string") for name in names]
        ),
    )


@dg.asset(
    key=["evidence", "attestation"],
    deps=[["raw", "activities"], ["raw", "activity_revisions"], ["raw", "extracts"], ["raw", "day_seals"]],
    group_name="evidence",
    owners=OWNERS,
    kinds={"python", "markdown"},
    description="A statement for each source on how completely a period was read, for auditors (Markdown) and for "
    "machines (JSON), in the directory `attestations` beside the warehouse.",
)
def attestation(warehouse: Warehouse, config: Statement) -> dg.MaterializeResult:
    """Write the statements for the last complete month, or for the configured period."""
    try:
        period = read_period(config.first_date, config.last_date)
        with warehouse.write_lock():
            output = Path(config.output) if config.output else None
            written = attest(warehouse.path, period, output, config.source or None)
    except (AttestationError, WarehouseError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    metadata: dict[str, Any] = {
        SUMMARY: "\n".join(_attested(one, period) for one in written),
        "period": str(period),
        "complete": all(one.is_complete for one in written),
    }
    for one in written:
        metadata[f"{one.source}: activities"] = one.activity_count
        metadata[f"{one.source}: file"] = dg.MetadataValue.path(one.json.absolute())
        metadata[f"{one.source}: statement"] = dg.MetadataValue.md(one.markdown.read_text(encoding="utf-8"))
    return dg.MaterializeResult(metadata=metadata)


def _attested(one: Attested, period: Period) -> str:
    completeness = "complete" if one.is_complete else "NOT complete"
    return (
        f"{one.source}, {period}: {completeness}, {one.activity_count:,} activities.\n"
        f"  {one.markdown}\n  {one.json}"
    )


class ReviewedDays(dg.Config):
    """What to review: days of UTC such as 2026-06-30. Empty means the newest complete day, and 90 days before.

    `output` is another directory than `access-reviews` beside the warehouse.
    """

    on: str = ""
    since: str = ""
    output: str = ""


@dg.asset(
    key=["evidence", "access_review"],
    deps=[["published", "database"]],
    group_name="evidence",
    owners=OWNERS,
    kinds={"python", "html"},
    description="Who held what at the end of a day, given when and by whom, last used, and what changed since the "
    "last review: a table (CSV) and a page (HTML), in the directory `access-reviews` beside the warehouse.",
)
def access_review(warehouse: Warehouse, publication: Publication, config: ReviewedDays) -> dg.MaterializeResult:
    """Write the review from the published file. Its files name people, its metadata do not."""
    try:
        output = Path(config.output) if config.output else warehouse.path.parent / DIRECTORY
        written = write_review(publication.path / FILE_NAME, output, config.on, config.since)
    except ReviewError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    review = written.review
    completeness = "complete" if review.is_complete else "NOT complete"
    return dg.MaterializeResult(
        metadata={
            SUMMARY: (
                f"{review.on} ({completeness}): {len(review.held):,} grants held; changes since {review.since}.\n"
                f"  {written.page}\n  {written.table}"
            ),
            "dagster/row_count": len(review.rows),
            "reviewed day": str(review.on),
            "changes since": str(review.since),
            "complete": review.is_complete,
            "held": len(review.held),
            "held by leavers": len(review.remarked("holder has left")),
            "table": dg.MetadataValue.path(written.table.absolute()),
            "page": dg.MetadataValue.path(written.page.absolute()),
        }
    )
