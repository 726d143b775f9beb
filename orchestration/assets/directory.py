"""The directory, read beside the Activity Feed: what exists now, as far as the keys can read it."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.assets import OWNERS
from orchestration.assets.ingestion_metadata import table_metadata
from orchestration.assets.manifest import personal_data
from orchestration.ingest.directory.report import DirectoryRunReport
from orchestration.ingest.directory.run import read_directories
from orchestration.resources import SUMMARY, ActivityFeed, Warehouse, fail_step_on_error, failure

_COUNTS = ("item_count", "new_count", "changed_count", "gone_count")


@dg.asset(
    key=["raw", "directory"],
    description=(
        "People, groups, roles, workspaces, keys and settings as they are now. Each walk of a list is a row of "
        "raw.directory_walks, each change of an item one of raw.directory_items; the usage report is in "
        "raw.key_usage."
    ),
    group_name="ingestion",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    tags=personal_data(),
)
def directory(context: dg.AssetExecutionContext, feed: ActivityFeed, warehouse: Warehouse) -> dg.MaterializeResult:
    """Read every list that the keys can read, and store what changed. A list that fails is a warning."""
    sources, bounds = feed.sources(), feed.bounds()
    with warehouse.write_lock(), fail_step_on_error():
        report = read_directories(sources, warehouse.path, run_id=context.run.run_id, bounds=bounds)
        with warehouse.get_connection(read_only=True) as connection:
            described = table_metadata(connection, "directory_items")
    metadata = _metadata(report) | described
    if report.is_failure:
        raise failure("\n".join(report.failures), metadata)
    return dg.MaterializeResult(metadata=metadata)


def _metadata(report: DirectoryRunReport) -> dict[str, Any]:
    """What the run did, for the Dagster catalog."""
    walks = {f"{status}_walks": report.count(status) for status in ("complete", "failed", "refused")}
    metadata = walks | {count: report.total(count) for count in _COUNTS}
    warnings = {"warnings": dg.MetadataValue.text("\n".join(report.failures))} if report.failures else {}
    return (
        metadata
        | warnings
        | {
            "requests": report.request_count,
            "seconds": round(report.seconds, 1),
            SUMMARY: dg.MetadataValue.text("\n".join(_summary(report))),
        }
    )


def _summary(report: DirectoryRunReport) -> Iterator[str]:
    yield (
        f"Directory: {report.count('complete')} lists read in {report.request_count} requests, "
        f"{report.total('new_count')} items new, {report.total('changed_count')} changed, "
        f"{report.total('gone_count')} gone."
    )
    yield from (f"  {line}" for line in [*report.describe(), *report.failures])
