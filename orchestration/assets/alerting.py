"""Stage `delivery`: alerts to the receivers that the environment names."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

import dagster as dg

from orchestration.assets import OWNERS
from orchestration.deliver.alerts import AlertDelivery, DeliveryBusy, deliver
from orchestration.resources import SUMMARY, Alerts, Warehouse, fail_step_on_error
from orchestration.run_states import run_conditions

log = logging.getLogger(__name__)


@dg.asset(
    key=["delivered", "alerts"],
    deps=[["marts", "findings"], ["marts", "key_lifecycle"], ["marts", "compliance_reads"], ["marts", "users"]],
    group_name="delivery",
    owners=OWNERS,
    kinds={"python"},
    output_required=False,
    description="Each new open finding, and what is wrong with the pipeline, sent once to every receiver in "
    "ALERT_URLS. What was sent is in raw.alerts. Only if ALERT_URLS is set.",
)
def alerts(
    context: dg.AssetExecutionContext, warehouse: Warehouse, alerts: Alerts
) -> Iterator[dg.MaterializeResult]:
    """Send what is new and what an earlier run could not send. A receiver that fails does not fail the run."""
    settings = alerts.settings()
    if settings is None:
        log.info("ALERT_URLS is not set: no alerts are sent.")
        return
    try:
        with fail_step_on_error(DeliveryBusy):
            states = run_conditions(context.instance, settings.stuck_after, datetime.now(UTC))
            delivery = deliver(warehouse.path, settings, states)
    except DeliveryBusy as busy:
        log.warning("%s", busy)
        return
    yield dg.MaterializeResult(metadata=_metadata(delivery))


def _metadata(delivery: AlertDelivery) -> dict[str, str | int | float]:
    """Counts, and the minutes from an act to its alert. What a first delivery finds is old and not counted."""
    metadata: dict[str, str | int | float] = {
        SUMMARY: delivery.describe(),
        "new": delivery.new_count,
        "sent": delivery.sent_count,
        "waiting": delivery.waiting_count,
        "receivers that failed": len(delivery.failures),
    }
    if delivery.minutes:
        metadata["minutes from act to alert, median"] = round(median(delivery.minutes), 1)
        metadata["minutes from act to alert, longest"] = round(max(delivery.minutes), 1)
    return metadata
