"""Stage `archive`: sealed days and the ledger as Parquet, in a directory or an S3-compatible store."""

from collections.abc import Iterator

import dagster as dg

from orchestration.archive.offload import drop_old_days
from orchestration.archive.write import archive_days
from orchestration.assets import OWNERS
from orchestration.assets.dbt_process import read_note, spark_directory
from orchestration.assets.evidence import DAY_SEALS
from orchestration.resources import SUMMARY, Archive, Warehouse, fail_step_on_error, failure

# Only this job fails if there is no archive; the others skip it.
JOB = "archive"
NO_ARCHIVE = "ARCHIVE_PATH is not set: nothing is archived. Set it to a directory, or to s3://bucket/prefix."


@dg.asset(
    key=["archive", "activities"],
    deps=[DAY_SEALS],
    group_name="archive",
    owners=OWNERS,
    kinds={"python", "parquet"},
    output_required=False,
    description="Sealed days and the ledger as Parquet. A day is written once; late activities are added as "
    "further files. Only if ARCHIVE_PATH is set. `restore` builds a warehouse from it.",
)
def archived_activities(
    context: dg.AssetExecutionContext, warehouse: Warehouse, archive: Archive
) -> Iterator[dg.MaterializeResult]:
    """Archive the days sealed since the last run, if an archive is configured."""
    settings = archive.settings()
    if settings is None:
        context.log.info(NO_ARCHIVE)
        if context.run.job_name == JOB:
            raise failure(NO_ARCHIVE)
        return
    with fail_step_on_error(), warehouse.write_lock():
        store = archive.store(settings)
        read_by_spark = read_note(spark_directory(warehouse.path))
        archived = archive_days(warehouse.path, store, int(read_by_spark or 0) or None)
        dropped = settings.local_days and drop_old_days(warehouse.path, store, settings.local_days)
    yield dg.MaterializeResult(
        metadata={
            SUMMARY: (
                f"Archived: {archived.row_count} activities in {archived.part_count} file(s), in {settings.place}"
            ),
            "dagster/row_count": archived.all_row_count,
            "files": archived.file_count,
            "bytes": archived.all_byte_count,
            "new rows": archived.row_count,
            "new files": archived.part_count,
            "new bytes": archived.byte_count,
            "rows left to the archive": dropped.row_count if dropped else 0,
            "snapshot of the ledger": archived.snapshot_number,
            "place": settings.place,
        }
    )
