"""dbt in this process. Dagster's packages bring it along; a child would load it all again, for seconds.

What dbt says is turned into the same events that `dagster_dbt` makes of a child's output.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.assets.project import project

_SHOWN_FAILURES = 5
_SHOWN_LENGTH = 300
_LOG_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class DbtRun:
    """What one dbt command did: its Dagster events in order, and what went wrong, empty where nothing did."""

    events: Sequence[Any]
    failure: str


def run_dbt(
    context: dg.AssetExecutionContext, arguments: Sequence[str], target_path: Path, *, select: Sequence[str] = ()
) -> DbtRun:
    """Run a dbt command on what `context` selects, or on `select`; the warehouse is that of the environment.

    Artifacts and the log go to `target_path`. The file is closed afterwards, also where dbt failed.
    """
    selection = get_updated_cli_invocation_params_for_context(
        context=context, manifest={}, dagster_dbt_translator=None
    )
    heard: list[EventMsg] = []
    directory = str(project.project_dir)
    command = [
        *("--log-level", "none", "--log-level-file", "info", "--no-use-colors"),
        # dbt keeps five more of them.
        *("--log-file-max-bytes", str(_LOG_BYTES)),
        *arguments,
        *("--project-dir", directory, "--profiles-dir", directory),
        *("--target-path", str(target_path), "--log-path", str(target_path)),
        *(("--select", *select) if select else selection.selection_args),
    ]
    try:
        # dbt goes to the project and stays there.
        with contextlib.chdir(directory):
            result = dbtRunner(callbacks=[heard.append]).invoke(command)
    finally:
        # dbt leaves the file open, which would shut out the next writer.
        DuckDBConnectionManager.close_all_connections()
        gc.collect()
    if result.exception and not isinstance(result.exception, Exception):
        raise result.exception
    return tell(heard, result, context, selection, target_path)


def tell(
    heard: Sequence[EventMsg],
    result: Any,
    context: dg.AssetExecutionContext | None,
    selection: Any,
    target_path: Path,
) -> DbtRun:
    """What dbt said and returned, as Dagster's events and a sentence.

    `selection` has the manifest and the translator by which the assets were defined.
    """
    try:
        events = [event for message in heard for event in _events(message, context, selection, target_path)]
    except KeyError as error:
        # What dbt built is not among the assets: these were defined by a manifest of before.
        changed = f"The dbt project has changed: {error.args[0]} is not among the assets."
        return DbtRun([], f"{changed} Run `make setup`, reload the UI where it runs, then run again.")
    return DbtRun(events, "" if result.success else _failure(result, target_path))


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
    )


def _failure(result: Any, target_path: Path) -> str:
    failed = [one for one in getattr(result.result, "results", []) if one.status in ("error", "fail")]
    lines = [f"{one.node.name}: {_first_line(one.message)}" for one in failed[:_SHOWN_FAILURES]]
    # dbt's first line is a heading there ("Parsing Error"), and no data was looked at.
    said = " ".join(lines) if failed else " ".join(str(result.exception or "no message").split())[:_SHOWN_LENGTH]
    where = f"in {len(failed)} node(s)" if failed else "as a whole"
    return f"dbt failed {where}. {said} The full log is {target_path / 'dbt.log'}."


def _first_line(message: str | None) -> str:
    return next(iter((message or "").strip().splitlines()), "no message")
