"""Stage `archive`: sealed days and the ledger as Parquet, in a directory or an S3-compatible store."""

from collections.abc import Iterator

import dagster as dg

from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import drop_old_days
from orchestration.archive.write import archive_days
from orchestration.assets.evidence import DAY_SEALS, OWNERS
from orchestration.resources import SUMMARY, Archive, Warehouse
from orchestration.warehouse.errors import WarehouseError

# Whoever runs this job wants an archive; every other goes without.
JOB = "archive"
NO_ARCHIVE = "ARCHIVE_PATH is not set: nothing is archived. Set it to a directory, or to s3://bucket/prefix."


@dg.asset(
    key=["archive", "activities"],
    deps=[DAY_SEALS],
    group_name="archive",
    owners=OWNERS,
    kinds={"python", "parquet"},
    output_required=False,
    description="Every sealed day, written once, and what came late beside it, with the ledger; only where "
    "ARCHIVE_PATH is set. `restore` builds a warehouse from it.",
)
def archived_activities(
    context: dg.AssetExecutionContext, warehouse: Warehouse, archive: Archive
) -> Iterator[dg.MaterializeResult]:
    """Archive what was sealed since the last time, where an archive is configured."""
    settings = archive.settings()
    if settings is None:
        context.log.info(NO_ARCHIVE)
        if context.run.job_name == JOB:
            raise dg.Failure(NO_ARCHIVE, allow_retries=False)
        return
    try:
        with warehouse.write_lock():
            store = archive.store(settings)
            done = archive_days(warehouse.path, store)
            dropped = settings.local_days and drop_old_days(warehouse.path, store, settings.local_days)
    except (ArchiveError, WarehouseError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    yield dg.MaterializeResult(
        metadata={
            SUMMARY: (f"Archived: {done.row_count} activities in {done.part_count} file(s), in {settings.place}"),
            "dagster/row_count": done.all_row_count,
            "files": done.file_count,
            "bytes": done.all_byte_count,
            "new rows": done.row_count,
            "new files": done.part_count,
            "new bytes": done.byte_count,
            "rows left to the archive": dropped.row_count if dropped else 0,
            "snapshot of the ledger": done.snapshot_number,
            "place": settings.place,
        }
    )
