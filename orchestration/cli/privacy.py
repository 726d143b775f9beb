"""Commands about persons: subject reports, removals, and who is behind a pseudonym."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.app import command, fail, flag, option
from orchestration.config.settings import PSEUDONYM_KEY, Settings, pseudonym_key
from orchestration.config.values import ConfigurationError
from orchestration.errors import ExplainedError
from orchestration.run import run_job
from orchestration.terminal import printable

if TYPE_CHECKING:
    from orchestration.privacy.selection import Preview


_CONFIRM = (
    "Nothing was removed. A removal cannot be undone, and records under a legal hold may be removed only with the "
    "consent of those responsible. To remove these, run the same command with --yes (make: YES=1)."
)
_STILL_PUBLISHED = (
    "What was removed from the warehouse may still be in what is published: repair what failed, then run "
    "`make rebuild`."
)

Subject = Annotated[str, option("WHO", "a user id or an email address")]
By = Annotated[str, option("WHO", "who requests it: a role, no email address")]
Why = Annotated[str, option("WHY", "such as the number of a case; kept for good")]
Yes = Annotated[bool, flag("--yes", "remove; without it the command only says what it would remove")]


@command
def subject_report(
    subject: Subject,
    output: Annotated[Path | None, option("DIR", "default: subject-reports, beside the warehouse")] = None,
) -> None:
    """Write everything that is held on one person, as files."""
    from orchestration.assets.project import project
    from orchestration.privacy.subject_report import write_report
    from orchestration.publish.marts import read_catalog

    catalog = read_catalog(project.manifest_path)
    report = write_report(Settings.paths(os.environ).warehouse_path, catalog, subject, output)
    print(f"{report.counts['activities.jsonl']:,} records and rows of {len(report.counts) - 2} tables in")
    print(f"  {report.directory}")


@command
def erase(subject: Subject, by: By = "", why: Why = "", yes: Yes = False) -> int:
    """Remove every record that names one person, for good."""
    # Not the job: Dagster stores the configuration of a run, and this may be an email address.
    from orchestration.privacy.copies import NOTHING, clear_published, describe_copies
    from orchestration.privacy.erasure import ERASURE, RemovalRequest
    from orchestration.privacy.erasure import erase as erase_person
    from orchestration.privacy.selection import preview_erasure
    from orchestration.resources import MAKES_ROOM
    from orchestration.warehouse.connection import open_warehouse, warehouse_lock
    from orchestration.warehouse.errors import WarehouseError

    paths, request = Settings.paths(os.environ), RemovalRequest(by, why)
    path = paths.warehouse_path
    if not yes:
        with open_warehouse(path, read_only=True) as connection:
            preview = preview_erasure(connection, subject)
        return _preview(path, preview, ERASURE, next(iter(preview.user_ids), ""))
    removed, status = None, 0
    try:
        with warehouse_lock(path):
            removed = erase_person(path, subject, request)
        print(f"{printable(str(removed or NOTHING))}.", flush=True)
    except WarehouseError as error:
        status = fail(str(error))
    # dbt notes the command line of its process in its artifacts, and this one names the person.
    sys.argv[1:] = ["rebuild"]
    try:
        # Even if nothing was found: what an earlier removal left beside the warehouse may name the person.
        clear_published(paths.published_path, paths.published_general_path)
        if removed:
            status = run_job("rebuild", MAKES_ROOM)
    except ExplainedError as error:
        status = fail(str(error))
    if removed and status:
        fail(_STILL_PUBLISHED)
    print(describe_copies(path))
    return status


@command
def retain(by: By = "", why: Why = "", yes: Yes = False) -> int:
    """Remove the days that are older than RAW_DAYS, for good."""
    from orchestration.privacy.confirmation import issue
    from orchestration.privacy.erasure import RETENTION, RemovalRequest, oldest_kept
    from orchestration.privacy.selection import preview_retention
    from orchestration.warehouse.connection import open_warehouse

    RemovalRequest(by, why)
    path = Settings.paths(os.environ).warehouse_path
    before = oldest_kept(Settings.read(os.environ, "raw_days").raw_days)
    if not yes:
        print(f"Sealed days before {before} (UTC) would be removed.")
        with open_warehouse(path, read_only=True) as connection:
            preview = preview_retention(connection, before)
        return _preview(path, preview, RETENTION, str(before))
    token = issue(path, RETENTION, str(before))
    config = {"kind": RETENTION, "requested_by": by, "reason": why, "confirmation": token}
    return run_job("retain", raw__removals=config) and fail(_STILL_PUBLISHED)


def _preview(path: Path, preview: Preview, kind: str, subject: str) -> int:
    from orchestration.privacy.confirmation import describe

    print(*preview.describe(), _CONFIRM, sep="\n")
    if subject:
        print(printable(describe(path, kind, subject)))
    return 0


@command
def reveal(
    pseudonyms: Annotated[list[str] | None, typer.Argument(help="p_…; none: those on standard input")] = None,
) -> int:
    """Print what pseudonyms of the general set stand for."""
    from orchestration.assets.project import project
    from orchestration.publish.marts import read_catalog
    from orchestration.publish.reveal import reveal as reveal_values

    key = pseudonym_key(os.environ)
    if key is None:
        raise ConfigurationError(f"{PSEUDONYM_KEY} is not set. Set the key that the general set was made with.")
    asked = list(dict.fromkeys(pseudonyms or sys.stdin.read().split()))
    paths = Settings.paths(os.environ)
    found = reveal_values(
        key, set(asked), read_catalog(project.manifest_path), paths.published_path, paths.warehouse_path
    )
    for pseudonym in asked:
        for value in found.get(pseudonym, []):
            print(f"{pseudonym}\t{printable(value)}")
        if pseudonym not in found:
            fail(f"{pseudonym}: no value of the restricted set has this pseudonym under this key.")
    return 0 if found.keys() >= set(asked) else 1
