"""`subject-report`, `erase` and `retain`: what is held on a person, and the removal of records for good."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from orchestration.config.publishing import general_path
from orchestration.config.settings import ConfigurationError, published_path, raw_days, warehouse_path
from orchestration.evidence.removals import Removal
from orchestration.privacy.erasure import RemovalRequest, erase, oldest_kept, retain
from orchestration.privacy.selection import Preview, preview_erasure, preview_retention
from orchestration.publish.errors import PublicationError
from orchestration.publish.files import publishing_into
from orchestration.terminal import printable
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import list_beside

_CONFIRM = (
    "Nothing was removed. A removal cannot be undone, and whether records under a legal hold may go is for those "
    "to decide who answer for them. To remove these, run the same with --yes (make: YES=1)."
)
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
            "--yes", action="store_true", help="do it; without it only what would be removed is told"
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
                return _tell(preview_erasure(connection, arguments.subject))
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
                return _tell(preview_retention(connection, before))
        with warehouse_lock(path):
            removed = retain(path, before, request)
    except (WarehouseError, ConfigurationError) as error:
        return _refuse(error)
    return _build_again(path, removed)


def _tell(preview: Preview) -> int:
    for kind, activities, revisions, first, last in preview.rows:
        print(f"  {printable(kind or 'without a type'):<48}{activities:>10,}{revisions:>8,}  {first} to {last}")
    print(f"{preview.activity_count:,} activities would be removed, and the revisions of them.")
    if preview.shared_count:
        print(
            f"{preview.shared_count} address(es) are shared with other users: records that name one of these "
            "alone are not among them."
        )
    print(_CONFIRM)
    return 0


def _build_again(path: Path, removed: Removal | None) -> int:
    """Have every table made anew from what is left, and published, so that nothing of it is left there."""
    if removed is None:
        print("There is nothing to remove.")
        return 0
    from orchestration.__main__ import run_job

    print(f"{removed}.", flush=True)
    # dbt notes the command line of its process in its artifacts, and this one names the person.
    sys.argv[1:] = ["rebuild"]
    status = _sweep_published() or run_job("rebuild")
    if status:
        print(
            "The records are gone from the warehouse, but what is published may still have them: mend what "
            "failed, then run `make rebuild`.",
            file=sys.stderr,
        )
    try:
        beside = ", ".join(map(printable, list_beside(path)))
    except OSError as error:
        print(f"What is beside the warehouse cannot be listed: {error.strerror}. Look yourself.", file=sys.stderr)
        return 1
    print(_COPIES.format(beside=beside or "nothing"))
    return status


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
