"""Runs a job in this process, and prints a summary and a sentence for each failure."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv

from orchestration.config.paths import check_paths
from orchestration.dagster_home import ROOT, open_instance, prepare_home
from orchestration.permissions import keep_private
from orchestration.terminal import printable

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterInstance, ExecuteInProcessResult
    from dagster._core.execution.plan.objects import StepFailureData

STOPPED = "Stopped. What was stored stays; the next refresh goes on from there."
# Dagster's events would bury our few lines. Failures are printed below, one sentence each.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def prepare_environment() -> None:
    """Read `.env`, and give Dagster a home with our instance settings inside the checkout unless one is set.

    Raises:
        ConfigurationError: two paths overlap, or a value is invalid.
    """
    from orchestration.archive.storage.register import reach_archive

    keep_private()
    reach_archive()
    load_dotenv(ROOT / ".env")
    check_paths(os.environ)
    if sentence := prepare_home():
        print(sentence, file=sys.stderr)
    os.environ.setdefault("DO_NOT_TRACK", "1")


def run_job(name: str, tags: Mapping[str, str] | None = None, /, **configs: Mapping[str, Any]) -> int:
    """Run a job in this process. Returns the exit status: 0 where everything succeeded, else 1.

    `configs` are configurations by the name of the op; without any, the job has its own.
    """
    from orchestration.definitions import build_defs
    from orchestration.detections.file import read_detections
    from orchestration.watch import watch_command

    job = build_defs().resolve_job_def(name)
    if job.has_node_named("curated_tables"):
        # At the start, not after the feed was read.
        read_detections(os.environ)
    config = {"ops": {op: {"config": values} for op, values in configs.items()}} if configs else job.run_config
    log, handler = logging.getLogger("orchestration"), logging.StreamHandler()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        with open_instance() as instance, open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
            report_lost_runs(instance)
            # dbt's hundreds of lines are in its log, and failures name it.
            result = job.execute_in_process(
                instance=instance, run_config={**(config or {}), **QUIET}, tags=tags, raise_on_error=False
            )
            # The sensor does so where the daemon runs, and a job that a timer starts has none.
            watched = watch_command(instance, is_success=result.success)
    finally:
        log.removeHandler(handler)
    _print_result(result)
    for sentence in watched:
        print(printable(sentence), file=sys.stderr)
    return 0 if result.success else 1


def report_lost_runs(instance: DagsterInstance) -> None:
    """Mark the runs whose process is gone as failed, and print a sentence on each of them."""
    from orchestration.run_locks import fail_lost_runs

    for sentence in fail_lost_runs(instance):
        print(sentence, file=sys.stderr)


def _print_result(result: ExecuteInProcessResult) -> None:
    from orchestration.resources import SUMMARY

    for event in result.filter_events(lambda event: event.is_step_materialization):
        metadata = event.step_materialization_data.materialization.metadata
        if SUMMARY in metadata:
            for line in str(metadata[SUMMARY].value).splitlines():
                print(printable(line))
    failures, shown = list(result.filter_events(lambda event: event.is_step_failure)), set()
    is_one_step = len(result.filter_events(lambda event: event.is_step_start)) == 1
    for event in failures:
        step = "" if is_one_step else f"\n{event.step_key}: "
        shown.add(sentence := _sentence(event.step_failure_data))
        print(f"{step}{sentence}", file=sys.stderr)
    _print_checks([one for one in result.get_asset_check_evaluations() if one.description not in shown])


def _print_checks(checks: Sequence[AssetCheckEvaluation]) -> None:
    failed = [one for one in checks if not one.passed]
    warned = [one for one in failed if one.severity.name == "WARN"]
    if checks:
        warnings = f"{len(warned)} warned, " if warned else ""
        print(f"Checks: {len(checks) - len(failed)} passed, {warnings}{len(failed) - len(warned)} failed.")
    for one in failed:
        outcome = "warned" if one in warned else "failed"
        print(f"  {outcome}: {'/'.join(one.asset_key.path)}: {one.check_name}", file=sys.stderr)
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
        return STOPPED
    return f"{message} (`make ui` shows the run with its traceback)"
