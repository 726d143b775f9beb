"""How a verdict looks in Dagster."""

from datetime import datetime

import dagster as dg

from orchestration.monitoring.check_result import Verdict


def shown(name: str, asset: list[str], verdict: Verdict) -> dg.AssetCheckResult:
    """The verdict as the result of the check `name` of `asset`."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=dg.AssetKey(asset),
        passed=verdict.holds,
        severity=dg.AssetCheckSeverity.ERROR if verdict.is_error else dg.AssetCheckSeverity.WARN,
        description=verdict.sentence,
        metadata={label: _metadata(figure) for label, figure in verdict.figures.items()},
    )


def _metadata(
    figure: int | float | str | datetime | list[str],
) -> dg.MetadataValue | int | float | str | list[str]:
    return dg.MetadataValue.timestamp(figure) if isinstance(figure, datetime) else figure
