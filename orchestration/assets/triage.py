"""Decisions about findings, from the configuration of a run: of the job `triage`, elsewhere there are none."""

import dagster as dg
import duckdb

from orchestration.assets import OWNERS
from orchestration.detections.decisions import Decision, decide, require_storable_subject
from orchestration.resources import SUMMARY, Warehouse, fail_step_on_error

DECISIONS = dg.AssetKey(["raw", "finding_decisions"])
JOB = "triage"


class TriageConfig(dg.Config):
    """What is decided, about which findings (by id), or about a rule with a subject; who decides, and why.

    `status`: `acknowledged`, `false_positive`, `resolved`, `open`, or `muted` with `until`, a date or time (UTC).
    Dagster stores run configuration: a subject that is an address is decided on with `make triage`.
    """

    status: str = ""
    decided_by: str = ""
    note: str = ""
    until: str = ""
    findings: list[str] = []  # noqa: RUF012  Dagster copies defaults
    rule: str = ""
    subject: str = ""


@dg.asset(
    key=DECISIONS,
    group_name="ingestion",
    owners=OWNERS,
    kinds={"python", "duckdb"},
    description="One row per decision about a finding, or about a rule with a subject: acknowledged, false "
    "positive, resolved, muted until a date, or open again; by whom, and why. Append-only, and chained by hashes.",
)
def finding_decisions(
    context: dg.AssetExecutionContext, warehouse: Warehouse, config: TriageConfig
) -> dg.MaterializeResult:
    """Store the decision. The job then builds what shows it, and publishes."""
    # "Materialize all" decides nothing; the job without a decision is a mistake.
    is_stated = context.run.job_name == JOB or config != TriageConfig()
    with fail_step_on_error(), warehouse.write_lock(), warehouse.get_connection() as connection:
        numbers = _decide(connection, config) if is_stated else []
        [(row_count,)] = connection.execute("select count(*) from raw.finding_decisions").fetchall()
    return dg.MaterializeResult(
        metadata={
            SUMMARY: f"{len(numbers)} decision(s) stored.",
            "dagster/row_count": row_count,
            "decisions": ", ".join(map(str, numbers)),
        }
    )


def _decide(connection: duckdb.DuckDBPyConnection, config: TriageConfig) -> list[int]:
    decision = Decision.stated(config.status, config.decided_by, config.note, config.until)
    require_storable_subject(config.subject)
    return decide(connection, decision, config.findings, config.rule, config.subject)
