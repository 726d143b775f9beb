"""A check that warns of new severe findings.

The rules are dbt models. The check reports rules and counts, never whom a finding is about: that is in
`marts.findings`.
"""

import dagster as dg

from orchestration.resources import Warehouse

_NEW_SEVERE = """
    select severity, rule_id, count(*) as finding_count
    from marts.findings
    where severity in ('critical', 'high') and is_open
      and found_at = (select max(found_at) from detections.current_findings)
    group by severity, rule_id
    order by severity, finding_count desc, rule_id
"""


@dg.asset_check(
    asset=["marts", "findings"],
    name="no_new_severe_findings",
    description="The last build has no new open findings of severity critical or high.",
)
def no_new_severe_findings(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Warn of new severe findings, by rule. The run continues, because the data is right."""
    with warehouse.lock(), warehouse.get_connection(read_only=True) as connection:
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
