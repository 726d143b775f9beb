"""Stage `delivered`: activities and findings for a SIEM, as events of OCSF, once all tables are built."""

from collections.abc import Iterator

import dagster as dg

from orchestration.assets import OWNERS
from orchestration.assets.project import project
from orchestration.deliver.siem.run import deliver
from orchestration.publish.marts import read_catalog
from orchestration.resources import SUMMARY, Siem, Warehouse, fail_step_on_error, failure

# Only this job fails if there is no SIEM; the others skip it.
JOB = "siem"
NO_SIEM = "Neither SIEM_PATH nor SIEM_URL is set: nothing is delivered. docs/siem.md says what to set."
# What the models of schema `delivered` read. They are views, which only a rebuild recreates.
READ = [dg.AssetKey(["marts", name]) for name in ("activities", "activity_objects", "findings")]


@dg.asset(
    key=["delivered", "siem"],
    deps=READ,
    group_name="delivery",
    owners=OWNERS,
    kinds={"python"},
    output_required=False,
    description="Activities and findings for a SIEM, as events of OCSF: files (NDJSON, or Parquet for Amazon "
    "Security Lake) or HTTP requests. Late ones are delivered too. Only if SIEM_PATH or SIEM_URL is set.",
)
def delivered_events(
    context: dg.AssetExecutionContext, warehouse: Warehouse, siem: Siem
) -> Iterator[dg.MaterializeResult]:
    """Deliver what the SIEM does not have yet, if one is configured."""
    settings = siem.settings()
    if settings is None:
        context.log.info(NO_SIEM)
        if context.run.job_name == JOB:
            raise failure(NO_SIEM)
        return
    with fail_step_on_error(), warehouse.write_lock():
        outcomes = deliver(warehouse.path, settings, read_catalog(project.manifest_path))
    metadata: dict[str, object] = {
        SUMMARY: "\n".join(f"Delivered: {one.amount.events} events to {one.sink}" for one in outcomes)
    }
    for one in outcomes:
        metadata |= {
            f"{one.sink}: events": one.amount.events,
            f"{one.sink}: files or requests": one.amount.files,
            f"{one.sink}: bytes": one.amount.size,
        }
    errors = [one.error for one in outcomes if one.error]
    if errors:
        raise failure(" ".join(errors), metadata)
    yield dg.MaterializeResult(metadata=metadata)
