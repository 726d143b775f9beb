"""Seals, attestations and access reviews: evidence that can be checked without trusting the operator."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.access_review.review import DIRECTORY, write_review
from orchestration.assets import FRESHNESS, OWNERS
from orchestration.assets.ingestion_metadata import table_metadata
from orchestration.attestation.attest import Attested, Period, attest, read_period
from orchestration.evidence.seals import Sealing, seal_days
from orchestration.publish.duckdb_file import FILE_NAME
from orchestration.resources import SUMMARY, Publication, Warehouse, fail_step_on_error
from orchestration.run_history import EVIDENCE_TAG

DAY_SEALS = dg.AssetKey(["raw", "day_seals"])
# The metadata label under which the job `verify` looks for logged seals.
NEWEST_SEALS = "newest seals"


class Statement(dg.Config):
    """The period to attest: UTC dates such as 2026-01-31, both included. Empty means the last complete month.

    `source`: only this source; `output`: another directory than `attestations` next to the warehouse.
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
    freshness_policy=FRESHNESS,
    description="One row per source, closed day and version: a hash over the day's activities, chained to the "
    "previous seal. A late activity adds a version; the first one stays.",
)
def day_seals(warehouse: Warehouse) -> dg.MaterializeResult:
    """Seal the closed days that are proven complete. The event log keeps a copy of the newest seals."""
    with warehouse.write_lock(), warehouse.get_connection() as connection:
        report = seal_days(connection)
        described = table_metadata(connection, "day_seals")
    is_new = any(sealing.sealed_count or sealing.resealed_count for sealing in report)
    return dg.MaterializeResult(
        tags={EVIDENCE_TAG: "true"} if is_new else None,
        metadata={
            **described,
            "sealed": sum(sealing.sealed_count for sealing in report),
            "sealed again": sum(sealing.resealed_count for sealing in report),
            "days waiting": sum(sealing.waiting_count for sealing in report),
            "warehouse": dg.MetadataValue.path(warehouse.path.absolute()),
            NEWEST_SEALS: _newest_seals(report),
        },
    )


def _newest_seals(report: Sequence[Sealing]) -> dg.TableMetadataValue:
    names = ("source", "seals", "newest day", "seal_sha256")
    rows = [
        (sealing.source, sealing.seal_count, str(sealing.newest_date), sealing.newest_seal_sha256)
        for sealing in report
        if sealing.newest_seal_sha256
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
    description="One statement per source on how completely a period was read, for auditors (Markdown) and for "
    "programs (JSON), in the directory `attestations` next to the warehouse.",
)
def attestation(warehouse: Warehouse, config: Statement) -> dg.MaterializeResult:
    """Write the statements for the last complete month, or for the configured period."""
    with fail_step_on_error():
        period = read_period(config.first_date, config.last_date)
        with warehouse.write_lock():
            output = Path(config.output) if config.output else None
            written = attest(warehouse.path, period, output, config.source or None)
    metadata: dict[str, Any] = {
        SUMMARY: "\n".join(_attested(statement, period) for statement in written),
        "period": str(period),
        "complete": all(statement.is_complete for statement in written),
    }
    for statement in written:
        metadata[f"{statement.source}: activities"] = statement.activity_count
        metadata[f"{statement.source}: file"] = dg.MetadataValue.path(statement.json.absolute())
        text = statement.markdown.read_text(encoding="utf-8")
        metadata[f"{statement.source}: statement"] = dg.MetadataValue.md(text)
    return dg.MaterializeResult(metadata=metadata)


def _attested(statement: Attested, period: Period) -> str:
    completeness = "complete" if statement.is_complete else "NOT complete"
    return (
        f"{statement.source}, {period}: {completeness}, {statement.activity_count:,} activities.\n"
        f"  {statement.markdown}\n  {statement.json}"
    )


class ReviewedDays(dg.Config):
    """The UTC dates to review, such as 2026-06-30. Empty means the newest complete day, and 90 days before.

    `output`: another directory than `access-reviews` next to the warehouse.
    """

    # `on` would be the word for true in YAML, which the UI's launchpad speaks.
    day: str = ""
    since: str = ""
    output: str = ""


@dg.asset(
    key=["evidence", "access_review"],
    deps=[["published", "database"]],
    group_name="evidence",
    owners=OWNERS,
    kinds={"python", "html"},
    description="Who held what access at the end of a day, when and by whom it was granted, when it was last "
    "used, what its rights come from, and what changed since the last review: CSV and HTML, in `access-reviews` "
    "next to the warehouse.",
)
def access_review(warehouse: Warehouse, publication: Publication, config: ReviewedDays) -> dg.MaterializeResult:
    """Write the review from the published file. The files name people; the metadata does not."""
    warehouse.require_room()
    with fail_step_on_error():
        output = Path(config.output) if config.output else warehouse.path.parent / DIRECTORY
        written = write_review(publication.path / FILE_NAME, output, config.day, config.since)
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
            "proven": sum(row["is_proven"] for row in review.provable),
            "provable": len(review.provable),
            "held by leavers": len(review.remarked("holder has left")),
            "table": dg.MetadataValue.path(written.table.absolute()),
            "rights": dg.MetadataValue.path(written.rights.absolute()),
            "page": dg.MetadataValue.path(written.page.absolute()),
        }
    )
