"""Commands of daily work: queries, decisions about findings, health, and the services."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.app import command, flag, option
from orchestration.config.settings import Settings
from orchestration.config.values import ConfigurationError
from orchestration.dagster_home import open_instance
from orchestration.run import report_lost_runs
from orchestration.terminal import printable

# A build can hold the warehouse for minutes.
TRIAGE_WAIT_SECONDS = 600.0


@command
def query(
    sql: str,
    csv: Annotated[bool, flag("--csv", "as CSV that no spreadsheet runs as a formula")] = False,
    json: Annotated[bool, flag("--json", "as a JSON array of objects")] = False,
    xlsx: Annotated[Path | None, option("FILE", "into a spreadsheet")] = None,
) -> int:
    """Print the result of a query on the warehouse, or write it into a file."""
    from orchestration.warehouse.answers import answer, show

    if csv + json + bool(xlsx) > 1:
        raise typer.BadParameter("Use one of --csv, --json and --xlsx.")
    path = Settings.paths(os.environ).warehouse_path
    if xlsx:
        answer(path, sql).write_workbook(xlsx)
    elif csv or json:
        found = answer(path, sql)
        sys.stdout.write(found.as_csv() if csv else found.as_json())
    else:
        show(path, sql)
    return 0


@command
def triage(
    findings: Annotated[list[str] | None, typer.Argument(help="ids of findings, or how they begin")] = None,
    status: Annotated[str, option("STATUS", "acknowledged, false_positive, resolved, muted or open")] = "",
    by: Annotated[str, option("WHO", "who decides: no email address")] = "",
    why: Annotated[str, option("WHY", "kept with the finding as evidence")] = "",
    until: Annotated[str, option("DATE", "until when a finding is muted (UTC)")] = "",
    rule: Annotated[str, option("RULE", "instead of findings: a rule, with --subject")] = "",
    subject: Annotated[str, option("ID", "the subject whose findings by the rule are meant")] = "",
) -> None:
    """Store what was decided about findings."""
    # Not the job: Dagster stores the configuration of a run, and a subject may be an address.
    from orchestration.detections.decisions import Decision, decide
    from orchestration.warehouse.connection import open_warehouse, warehouse_lock

    decision = Decision.stated(status, by, why, until)
    named = [name for text in findings or () for name in text.split()]
    path = Settings.paths(os.environ).warehouse_path
    with warehouse_lock(path, wait_seconds=TRIAGE_WAIT_SECONDS), open_warehouse(path) as connection:
        numbers = decide(connection, decision, named, rule, subject)
    print(f"{len(numbers)} decision(s) stored. The next build shows them in marts.findings.")


@command
def alert_test() -> int:
    """Send a test message to every receiver in ALERT_URLS."""
    from datetime import UTC, datetime

    from orchestration.config.alerts import ALERT_URLS, read_alerts
    from orchestration.deliver.alerts import send_test

    settings = read_alerts(os.environ)
    if settings is None:
        raise ConfigurationError(f"{ALERT_URLS} is not set. docs/alerts.md says how to set it.")
    outcomes = send_test(settings, datetime.now(UTC))
    for name, error in outcomes.items():
        print(f"{name}: {error or 'sent'}", file=sys.stderr if error else sys.stdout)
    return 1 if any(outcomes.values()) else 0


@command
def status(
    json: Annotated[bool, flag("--json", "as JSON, for monitors")] = False,
    metrics: Annotated[bool, flag("--metrics", "as text for Prometheus")] = False,
) -> int:
    """Print the health of the installation; the exit status is 1 where there is a problem."""
    from datetime import UTC, datetime

    import orjson

    from orchestration.metrics import render_metrics
    from orchestration.status import read_status

    with open_instance() as instance:
        found = read_status(instance, os.environ, datetime.now(UTC))
    if json:
        print(orjson.dumps(found.json(), option=orjson.OPT_INDENT_2).decode())
    elif metrics:
        print(render_metrics(found).decode(), end="")
    else:
        for line in found.describe():
            print(printable(line))
    return 1 if found.problems else 0


@command
def ui(
    port: int = 3000, no_daemon: Annotated[bool, flag("--no-daemon", "the daemon is a service of its own")] = False
) -> int:
    """Open the Dagster UI on this workspace, on 127.0.0.1."""
    from orchestration.ui import serve

    return serve(port, with_daemon=not no_daemon)


@command
def daemon() -> None:
    """Start runs on their schedules, without the UI: a service."""
    from orchestration.daemon import run_daemon

    with open_instance() as instance:
        report_lost_runs(instance)
    run_daemon()
