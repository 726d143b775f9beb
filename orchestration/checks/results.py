"""Converts a `CheckResult` to Dagster's `AssetCheckResult`."""

from datetime import datetime

import dagster as dg

from orchestration.monitoring.check_result import CheckResult


def asset_check_result(name: str, asset: list[str], check_result: CheckResult) -> dg.AssetCheckResult:
    """The result as that of the check `name` on `asset`."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=dg.AssetKey(asset),
        passed=check_result.holds,
        severity=dg.AssetCheckSeverity.ERROR if check_result.is_error else dg.AssetCheckSeverity.WARN,
        description=check_result.sentence,
        metadata={label: _metadata(figure) for label, figure in check_result.figures.items()},
    )


def _metadata(
    figure: int | float | str | datetime | list[str],
) -> dg.MetadataValue | int | float | str | list[str]:
    return dg.MetadataValue.timestamp(figure) if isinstance(figure, datetime) else figure
