"""The share of members, keys and settings on which events and directory agree, and why the rest differ."""

import dagster as dg
import duckdb

from orchestration.checks.results import asset_check_result
from orchestration.monitoring.check_result import CheckResult
from orchestration.resources import Warehouse

NAME, ASSET = "events_and_directory_agree", ["marts", "state_agreement"]
_COLUMNS = ("organization", "of what", "compared", "agree", "differ", "unexplained")

_AGREEMENT = """
select
    coalesce(organizations.organization_name, agreement.organization_uuid, 'several'),
    replace(agreement.object_kind, '_', ' '), agreement.compared_count, agreement.agreeing_count,
    agreement.difference_count, agreement.unexplained_count
from marts.state_agreement as agreement
left join marts.organizations as organizations using (organization_uuid)
order by 1, 2, agreement.state_agreement_id
"""
_EXPLANATIONS = """
select explanation, count(*) from marts.state_differences group by explanation order by explanation
"""


@dg.asset_check(
    asset=ASSET,
    name=NAME,
    description="Where events alone and the newest walks of the directory disagree, something explains it.",
)
def events_and_directory_agree(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn of unexplained differences, with the share that agrees by organization and kind of object."""
    with warehouse.lock(), warehouse.get_connection(read_only=True) as connection:
        rows, explanations = read_agreement(connection)
    result = asset_check_result(NAME, ASSET, evaluate(rows, explanations))
    return result._replace(metadata={**result.metadata, "agreement": _table(rows)}) if rows else result


def read_agreement(connection: duckdb.DuckDBPyConnection) -> tuple[list[tuple], dict[str, int]]:
    """Rows in the order of `_COLUMNS`, and the number of differences by explanation."""
    return connection.execute(_AGREEMENT).fetchall(), dict(connection.execute(_EXPLANATIONS).fetchall())


def evaluate(rows: list[tuple], explanations: dict[str, int]) -> CheckResult:
    """The check result for what `read_agreement` returns."""
    if not rows:
        return CheckResult(True, "No directory is read, so there is nothing to compare.")
    compared, agreeing = sum(row[2] for row in rows), sum(row[3] for row in rows)
    unexplained = explanations.get("unexplained", 0)
    summary = f"Events and directory agree on {agreeing:,} of {compared:,} members, keys and settings."
    advice = f" {unexplained:,} difference(s) are unexplained: see marts.state_differences." if unexplained else ""
    percent = {"agreement in percent": round(100 * agreeing / compared, 2)} if compared else {}
    return CheckResult(
        not unexplained,
        summary + advice,
        is_error=False,
        figures={
            **percent,
            **{explanation.replace("_", " "): count for explanation, count in explanations.items()},
        },
    )


def _table(rows: list[tuple]) -> dg.MetadataValue:
    kinds = ("string", "string", "int", "int", "int", "int")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(_COLUMNS, row, strict=True))) for row in rows],
        dg.TableSchema([dg.TableColumn(*column) for column in zip(_COLUMNS, kinds, strict=True)]),
    )
