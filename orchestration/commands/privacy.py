"""`subject-report`, `erase` and `retain`: what is held on a person, and the removal of records for good."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

from orchestration.config.publishing import general_path
from orchestration.config.settings import ConfigurationError, published_path, raw_days, warehouse_path
from orchestration.evidence.removals import Removal
from orchestration.privacy.confirmation import VALID_FOR, issue
from orchestration.privacy.erasure import ERASURE, RETENTION, RemovalRequest, erase, oldest_kept, retain
from orchestration.privacy.selection import Preview, preview_erasure, preview_retention
from orchestration.publish.errors import PublicationError
from orchestration.publish.files import publishing_into
from orchestration.terminal import printable
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import list_beside

_CONFIRM = (
    "Nothing was removed. A removal cannot be undone, and those who answer for the records decide whether any "
    "under a legal hold may go. To remove these, run the same with --yes (make: YES=1)."
)
_TOKEN = "In Dagster: job `{job}` with `confirmation: {token}`{subject}, once, within {minutes} minutes."
SHOWN_NEAR_MISSES = 20
_COPIES = """\
What else may hold copies is yours to look through: backups of the warehouse, files that were exported or handed
out, programs that still have a file of before open, and beside the warehouse: {beside}.
An archive still has what was removed, and is refused from now on: name another ARCHIVE_PATH, run `make archive`,
then delete the old one.
The feed itself keeps its records for up to six years."""


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands of this module."""
    report = commands.add_parser("subject-report", help="write everything that is held on one person, as files")
    report.add_argument("--subject", required=True, metavar="WHO", help="a user id or an email address")
    report.add_argument(
        "--output", type=Path, metavar="DIR", help="default: subject-reports, beside the warehouse"
    )
    report.set_defaults(run=_report)
    erasing = commands.add_parser("erase", help="remove every record that names one person, for good")
    erasing.add_argument("--subject", required=True, metavar="WHO", help="a user id or an email address")
    erasing.set_defaults(run=_erase)
    retaining = commands.add_parser("retain", help="remove the days that are older than RAW_DAYS, for good")
    retaining.set_defaults(run=_retain)
    for parser in (erasing, retaining):
        parser.add_argument("--by", default="", metavar="WHO", help="who orders it: a role, no email address")
        parser.add_argument("--why", default="", metavar="WHY", help="such as the number of a case; kept for good")
        parser.add_argument(
            "--yes", action="store_true", help="do it; without it, only show what would be removed"
        )


def _report(arguments: argparse.Namespace) -> int:
    from orchestration.assets.project import project
    from orchestration.privacy.subject_report import write_report
    from orchestration.publish.marts import read_catalog

    try:
        catalog = read_catalog(project.manifest_path)
        report = write_report(warehouse_path(os.environ), catalog, arguments.subject, arguments.output)
    except WarehouseError as error:
        return _refuse(error)
    print(f"{report.counts['activities.jsonl']:,} records and rows of {len(report.counts) - 2} tables in")
    print(f"  {report.directory}")
    return 0


def _erase(arguments: argparse.Namespace) -> int:
    path = warehouse_path(os.environ)
    try:
        request = RemovalRequest(arguments.by, arguments.why)
        if not arguments.yes:
            with open_warehouse(path, read_only=True) as connection:
                preview = preview_erasure(connection, arguments.subject)
            return _show(path, preview, "erase", ERASURE, (preview.person.user_ids or ("",))[0])
        with warehouse_lock(path):
            removed = erase(path, arguments.subject, request)
    except WarehouseError as error:
        return _refuse(error)
    return _build_again(path, removed)


def _retain(arguments: argparse.Namespace) -> int:
    path = warehouse_path(os.environ)
    try:
        request = RemovalRequest(arguments.by, arguments.why)
        before = oldest_kept(raw_days(os.environ))
        if not arguments.yes:
            print(f"Sealed days before {before} (UTC) would be removed.")
            with open_warehouse(path, read_only=True) as connection:
                preview = preview_retention(connection, before)
            return _show(path, preview, "retain", RETENTION, str(before))
        with warehouse_lock(path):
            removed = retain(path, before, request)
    except (WarehouseError, ConfigurationError) as error:
        return _refuse(error)
    return _build_again(path, removed)


def _show(path: Path, preview: Preview, job: str, kind: str, subject: str) -> int:
    for kind, activities, revisions, first, last in preview.rows:
        print(f"  {printable(kind or 'without a type'):<48}{activities:>10,}{revisions:>8,}  {first} to {last}")
    print(f"{preview.activity_count:,} activities would be removed, and the revisions of them.")
    if preview.person and preview.person.shared_count:
        print(
            f"{preview.person.shared_count} address(es) are shared with other users: records that name one of "
            "these alone are not among them."
        )
    _show_near_misses(preview)
    print(_CONFIRM)
    if subject:
        stated = f" and `subject: {printable(subject)}`" if kind == ERASURE else ""
        token = issue(path, kind, subject)
        print(_TOKEN.format(job=job, token=token, subject=stated, minutes=VALID_FOR // timedelta(minutes=1)))
    return 0


def _show_near_misses(preview: Preview) -> None:
    if not preview.near_misses:
        return
    print(
        "These stay: an id or address of the person is only part of a longer word. Look whether they are theirs;"
    )
    print("to remove them, run this for that word as well.")
    for word, activity_id, count in preview.near_misses[:SHOWN_NEAR_MISSES]:
        print(f"  {printable(word):<48}{count:>10,}  such as {printable(activity_id)}")
    if (more := len(preview.near_misses) - SHOWN_NEAR_MISSES) > 0:
        print(f"  and {more:,} more words")


def _build_again(path: Path, removed: Removal | None) -> int:
    """Rebuild every table from what is left and publish it, so that nothing removed is left there."""
    status = _sweep_published()
    if removed is None:
        print("There is nothing to remove.")
        return _show_beside(path, "Beside the warehouse: {beside}.") or status
    from orchestration.__main__ import run_job

    print(f"{removed}.", flush=True)
    # dbt notes the command line of its process in its artifacts, and this one names the person.
    sys.argv[1:] = ["rebuild"]
    status = status or run_job("rebuild")
    if status:
        print(
            "The records are gone from the warehouse, but what is published may still have them: fix what "
            "failed, then run `make rebuild`.",
            file=sys.stderr,
        )
    return _show_beside(path, _COPIES) or status


def _show_beside(path: Path, sentence: str) -> int:
    try:
        beside = ", ".join(map(printable, list_beside(path)))
    except OSError as error:
        print(f"What is beside the warehouse cannot be listed: {error.strerror}. Look yourself.", file=sys.stderr)
        return 1
    print(sentence.format(beside=beside or "nothing"))
    return 0


def _sweep_published() -> int:
    """Remove what killed publications left in either set, also in one that is not made any more."""
    for directory in (published_path(os.environ), general_path(os.environ)):
        try:
            if directory.exists():
                with publishing_into(directory):
                    pass
        except PublicationError as error:
            print(printable(str(error)), file=sys.stderr)
            return 1
    return 0


def _refuse(error: Exception) -> int:
    print(printable(str(error)), file=sys.stderr)
    return 1
