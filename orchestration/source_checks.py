"""Whether every source could be read in the last run. Slices that failed are the ledger's: see `checks`."""

from collections.abc import Iterator

import dagster as dg

from orchestration.resources import Warehouse
from orchestration.warehouse.registry import failed_sources


@dg.multi_asset_check(
    name="sources_check",
    specs=[
        dg.AssetCheckSpec(
            "every_source_was_read",
            asset=["raw", "sources"],
            description="The last run could read every source: keys, addresses and networks are in order.",
        )
    ],
)
def every_source_was_read(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Fail the run for sources that could not be read; what the others brought is stored and built."""
    with warehouse.turn(), warehouse.get_connection(read_only=True) as connection:
        failed = failed_sources(connection)
    sentences = [f"{source}: {error}" for source, error in failed.items()]
    yield dg.AssetCheckResult(passed=not failed, metadata={"failed": len(failed), "sentences": sentences})
    if failed:
        raise dg.Failure("\n".join(sentences), allow_retries=False)
