"""Runs dbt in this process, and turns its messages into Dagster events.

dbt is loaded already, by Dagster's packages; a child process would spend seconds on loading it again. The events
are those that `dagster_dbt` makes from the output of a child process.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.assets.project import project

# dbt selectors: tests that `make test` runs and no build (`dbt_project.yml`); what only another version of the
# project changes.
TESTS_OF_THE_CODE = "tag:code"
UNCHANGED_WITH_THE_CODE = ("config.materialized:view", "resource_type:seed")
# The dbt test whose rows name the broken claims about columns, and quote no data.
TEST_OF_COLUMNS = "valid_columns"

_SHOWN_FAILURES = 5
_SHOWN_LENGTH = 300
_LOG_BYTES = 2_000_000

log = logging.getLogger(__name__)


class Progress:
    """Logs how far dbt has come, at most once in `every` seconds: results appear in Dagster only after the end."""

    def __init__(self, every: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every, self._clock = every, clock
        self._next = clock() + every

    def __call__(self, message: EventMsg) -> None:
        """Take a message of dbt."""
        if message.info.name == "LogStartLine" and self._clock() >= self._next:
            self._next = self._clock() + self._every
            log.info("dbt: %d of %d, %s", message.data.index, message.data.total, message.data.description)


@dataclass(frozen=True, slots=True)
class DbtRun:
    """The result of one dbt command: its Dagster events in order, and why it failed ("" if it succeeded)."""

    events: Sequence[Any]
    failure: str


def run_dbt(
    context: dg.AssetExecutionContext, arguments: Sequence[str], target_path: Path, selection: Sequence[str] = ()
) -> DbtRun:
    """Run a dbt command on the assets that `context` selects, or with `selection`, dbt's options for nodes.

    The warehouse is the one that `WAREHOUSE_PATH` names; it is closed afterwards, even if dbt failed. Artifacts
    and the log go to `target_path`.
    """
    selected = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=None
    )
    messages: list[EventMsg] = []
    directory = str(project.project_dir)
    command = [
        *("--log-level", "none", "--log-level-file", "info", "--no-use-colors"),
        # The artifacts would take half a second, and nobody reads them.
        "--no-write-json",
        # The same order of models and tests, found sooner.
        "--use-fast-test-edges",
        # dbt keeps five more files of this size.
        *("--log-file-max-bytes", str(_LOG_BYTES)),
        *arguments,
        *("--project-dir", directory, "--profiles-dir", directory),
        *("--target-path", str(target_path), "--log-path", str(target_path)),
        *(selection or selected.selection_args),
    ]
    # dbt changes into the project directory and does not change back.
    result = None
    with contextlib.chdir(directory), _no_collections():
        try:
            result = dbtRunner(callbacks=[messages.append, Progress()]).invoke(command)
        finally:
            # dbt leaves the file open, which would block the next writer. After a failure its frames do, too.
            DuckDBConnectionManager.close_all_connections()
            if result is None or not result.success:
                gc.collect()
    return dagster_result(messages, result, context, selected, target_path)


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Collect no garbage: collections, which walk the manifest and all definitions, take a tenth of a build."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def dagster_result(
    messages: Sequence[EventMsg],
    result: Any,
    context: dg.AssetExecutionContext | None,
    selection: Any,
    target_path: Path,
) -> DbtRun:
    """dbt's messages and result as Dagster events and a failure message.

    `selection` has the manifest and the translator that the assets were defined with. Raises an interrupt again.
    """
    if interrupt := _interrupt(result.exception):
        raise interrupt
    try:
        events = [event for message in messages for event in _events(message, context, selection, target_path)]
    except KeyError as error:
        # The assets were defined from an older manifest that does not have this node.
        changed = f"The dbt project has changed: {error.args[0]} is not among the assets."
        return DbtRun([], f"{changed} Run `make setup`, reload the UI where it runs, then run again.")
    return DbtRun(events, "" if result.success else _failure(result, target_path))


def _interrupt(error: BaseException | None) -> BaseException | None:
    """What stopped dbt, which then cancels what runs: DuckDB refuses that at some moments, and dbt fails."""
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error


def _events(
    message: EventMsg, context: dg.AssetExecutionContext | None, selection: Any, target_path: Path
) -> Iterator[Any]:
    if not message.info.name.startswith("Log"):
        return
    yield from DbtCoreCliEventMessage(
        raw_event=msg_to_dict(message), event_history_metadata={}
    ).to_default_asset_events(
        manifest=selection.manifest,
        dagster_dbt_translator=selection.dagster_dbt_translator,
        context=context,
        target_path=target_path,
        project=project,
    )


def _failure(result: Any, target_path: Path) -> str:
    failed = [node for node in getattr(result.result, "results", []) if node.status in ("error", "fail")]
    lines = [
        f"{node.node.name}: {_broken_claims(node) or _first_line(node.message)}"
        for node in failed[:_SHOWN_FAILURES]
    ]
    # The first line of such an error is only a heading ("Parsing Error"). It quotes no data: none was read.
    reason = " ".join(lines) if failed else " ".join(str(result.exception or "no message").split())[:_SHOWN_LENGTH]
    where = f"in {len(failed)} node(s)" if failed else "as a whole"
    return f"dbt failed {where}. {reason} The full log is {target_path / 'dbt.log'}."


def _broken_claims(result: Any) -> str:
    """What does not hold for the columns of a model, with how many rows or values; "" for another test."""
    test = getattr(result.node, "test_metadata", None)
    if result.status != "fail" or test is None or test.name != TEST_OF_COLUMNS:
        return ""
    with duckdb.connect(os.environ["WAREHOUSE_PATH"], read_only=True) as connection:
        broken = connection.execute(result.node.compiled_code).fetchall()
    return ", ".join(f"{claim} ({count:,})" for claim, count in sorted(broken))


def _first_line(message: str | None) -> str:
    return next(iter((message or "").strip().splitlines()), "no message")
