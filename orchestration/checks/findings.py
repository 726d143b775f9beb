"""What detection found: a check that speaks up when a build shows severe findings that no build showed before.

The rules are dbt models; which of them found how much is told here, never whom or what: that is in
`marts.findings`.
"""

import dagster as dg

from orchestration.resources import Warehouse

_NEW_SEVERE = """
    select told.severity, told.rule_id, count(*) as finding_count
    from marts.findings as told
    where told.severity in ('critical', 'high')
      and told.found_at = (select max(today.found_at) from detections.current_findings as today)
    group by told.severity, told.rule_id
    order by told.severity, finding_count desc, told.rule_id
"""


@dg.asset_check(
    asset=["marts", "findings"],
    name="no_new_severe_findings",
    description="The last build showed no finding of severity critical or high that had not been shown before.",
)
def no_new_severe_findings(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn about new severe findings, by rule; the run goes on, for the data is right."""
    with warehouse.turn(), warehouse.get_connection(read_only=True) as connection:
        counts = connection.execute(_NEW_SEVERE).fetchall()
    records = [
        dg.TableRecord({"severity": severity, "rule": rule, "findings": count}) for severity, rule, count in counts
    ]
    schema = dg.TableSchema(
        [dg.TableColumn("severity"), dg.TableColumn("rule"), dg.TableColumn("findings", "int")]
    )
    return dg.AssetCheckResult(
        passed=not counts,
        severity=dg.AssetCheckSeverity.WARN,
        description=", ".join(f"{rule}: {count}" for _, rule, count in counts) or "Nothing new.",
        metadata={
            "new severe findings": sum(count for *_, count in counts),
            "by rule": dg.MetadataValue.table(records, schema),
        },
    )
