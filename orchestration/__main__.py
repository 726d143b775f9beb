"""The commands behind `make refresh`, `reconcile`, `rebuild` and `ui`: runs with one-sentence failures.

`python -m orchestration refresh` exits with 0 when everything due was read, built and checked, else with 1.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from orchestration.archive.remote import reach_archive
from orchestration.commands import analysts, archive, evidence, privacy, pseudonyms
from orchestration.config.paths import check_paths
from orchestration.config.values import ConfigurationError
from orchestration.dagster_home import ROOT, prepare_home
from orchestration.permissions import keep_private

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterInstance, ExecuteInProcessResult
    from dagster._core.execution.plan.objects import StepFailureData

# Events of Dagster would bury our few lines; failures are told below, each in a sentence.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def main() -> int:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="python -m orchestration", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("refresh", help="one incremental cycle: ingest, build, check")
    commands.add_parser(
        "reconcile", help="extract covered days again for late and changed activities, build, check"
    )
    commands.add_parser("rebuild", help="build every curated table anew from what is stored")
    commands.add_parser("publish", help="publish the tables as they were last built")
    query = commands.add_parser("query", help="print the result of a query on the warehouse")
    query.add_argument("sql")
    commands.add_parser("dictionary", help="write docs/data_dictionary.md anew from dbt's descriptions")
    docs = commands.add_parser("docs", help="dbt's documentation, served on 127.0.0.1")
    docs.add_argument("--port", type=int, default=8080)
    ui = commands.add_parser("ui", help="the Dagster UI on this workspace")
    ui.add_argument("--port", type=int, default=3000)
    archive.add_parsers(commands)
    evidence.add_parsers(commands)
    analysts.add_parsers(commands)
    pseudonyms.add_parsers(commands)
    privacy.add_parsers(commands)
    arguments = parser.parse_args()
    try:
        prepare_environment()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    if "run" in arguments:
        return arguments.run(arguments)
    if arguments.command == "ui":
        return _ui(arguments.port)
    if arguments.command == "query":
        return _query(arguments.sql)
    if arguments.command in ("dictionary", "docs"):
        return _document(arguments)
    try:
        return run_job(arguments.command)
    except KeyboardInterrupt:
        print("\nStopped. What was stored stays; the next refresh goes on from there.", file=sys.stderr)
        return 130


def prepare_environment() -> None:
    """Read `.env`, and give Dagster a home with our instance settings inside the checkout unless one is set."""
    keep_private()
    reach_archive()
    load_dotenv(ROOT / ".env")
    check_paths(os.environ)
    if sentence := prepare_home():
        print(sentence, file=sys.stderr)
    os.environ.setdefault("DO_NOT_TRACK", "1")


def run_job(name: str) -> int:
    """Run a job in this process. Returns the exit status; what went wrong is one sentence on standard error."""
    ours = logging.getLogger("orchestration")
    ours.addHandler(logging.StreamHandler())
    ours.setLevel(logging.INFO)
    import dagster as dg

    from orchestration.definitions import defs

    job = defs.resolve_job_def(name)
    with dg.DagsterInstance.get() as instance, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        _tell_lost_runs(instance)
        # dbt's hundreds of lines are in its log, and failures name it.
        result = job.execute_in_process(
            instance=instance, run_config={**(job.run_config or {}), **_QUIET}, raise_on_error=False
        )
    _tell(result)
    return 0 if result.success else 1


def _tell_lost_runs(instance: DagsterInstance) -> None:
    from orchestration.run_locks import fail_lost_runs

    for sentence in fail_lost_runs(instance):
        print(sentence, file=sys.stderr)


def _tell(result: ExecuteInProcessResult) -> None:
    for event in result.filter_events(lambda event: event.is_step_materialization):
        materialization = event.step_materialization_data.materialization
        if materialization.asset_key.path == ["raw", "activities"]:
            said = {name: value.value for name, value in materialization.metadata.items()}
            print(
                f"Read: {said['received']} activities in {said['pages']} pages, {said['new']} new, "
                f"{said['duplicates']} known, {said['late']} late, {said['revised']} revised."
            )
            if not said["new"]:
                print("Nothing was new.")
            for line in filter(None, said["in words"].splitlines()):
                print(f"  {line}")
        if materialization.asset_key.path == ["archive", "activities"]:
            said = {name: value.value for name, value in materialization.metadata.items()}
            print(f"Archived: {said['new rows']} activities in {said['new files']} file(s), in {said['place']}")
        if materialization.asset_key.path in (["published", "database"], ["published", "general_database"]):
            said = {name: value.value for name, value in materialization.metadata.items()}
            print(f"{said['outcome']} {said['activities']} activities in {said['path']}")
    for event in result.filter_events(lambda event: event.is_step_failure):
        print(f"\n{event.step_key}: {_sentence(event.step_failure_data)}", file=sys.stderr)
    _tell_checks(result.get_asset_check_evaluations())


def _tell_checks(checks: Sequence[AssetCheckEvaluation]) -> None:
    failed = [one for one in checks if not one.passed]
    warned = [one for one in failed if one.severity.name == "WARN"]
    if checks:
        warnings = f"{len(warned)} warned, " if warned else ""
        print(f"Checks: {len(checks) - len(failed)} passed, {warnings}{len(failed) - len(warned)} failed.")
    for one in failed:
        check_result = "warned" if one in warned else "failed"
        print(f"  {check_result}: {'/'.join(one.asset_key.path)}: {one.check_name}", file=sys.stderr)
        if one.description:
            print(f"    {one.description}", file=sys.stderr)


def _sentence(failure: StepFailureData) -> str:
    if failure.user_failure_data:
        return failure.user_failure_data.description or "failed"
    error = failure.error
    while error and error.cause:
        error = error.cause
    message = error.message.strip() if error else "failed"
    if "Interrupt" in message:
        return "Stopped. What was stored stays; the next refresh goes on from there."
    return f"{message} (`make ui` shows the run with its traceback)"


def _query(sql: str) -> int:
    import duckdb

    from orchestration.config.settings import warehouse_path
    from orchestration.warehouse.connection import open_warehouse
    from orchestration.warehouse.errors import WarehouseError

    try:
        with open_warehouse(warehouse_path(os.environ), read_only=True) as connection:
            connection.sql(sql).show(max_rows=1000, max_width=200)
    except (WarehouseError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _document(arguments: argparse.Namespace) -> int:
    from orchestration.assets.project import project
    from orchestration.docs_pages import dictionary
    from orchestration.publish.marts import read_catalog

    if arguments.command == "docs":
        return dictionary.serve(arguments.port)
    dictionary.DICTIONARY.write_text(dictionary.render(read_catalog(project.manifest_path)))
    return 0


def _ui(port: int) -> int:
    from dagster import DagsterInstance

    from orchestration.ui import serve

    with DagsterInstance.get() as instance:
        _tell_lost_runs(instance)

    return serve(port)


def _leave(status: int) -> None:
    """End the process. A dbt that was interrupted leaves threads in DuckDB, and unwinding those would abort it."""
    if not status:
        sys.exit()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
