"""`verify`, `seals` and `attest`: evidence for those who do not take our word for it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.config.publishing import general_path
from orchestration.config.settings import ConfigurationError, published_path, warehouse_path
from orchestration.terminal import printable
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError

if TYPE_CHECKING:
    from orchestration.evidence.verify import VerificationResult


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands of this module."""
    verify = commands.add_parser("verify", help="compute every hash, seal and count again, and compare")
    verify.add_argument("--against", type=Path, metavar="FILE", help="also compare with seals that were exported")
    verify.add_argument("--archive", action="store_true", help="also read every file of the archive, and compare")
    verify.add_argument(
        "--published", action="store_true", help="also read every published file, and compare it with its manifest"
    )
    verify.set_defaults(run=_verify)
    seals = commands.add_parser("seals", help="write the seals to a text file, to be kept elsewhere")
    seals.add_argument("--export", type=Path, metavar="FILE", required=True)
    seals.set_defaults(run=_seals)
    attest = commands.add_parser("attest", help="state how completely a period (last month) was read")
    attest.add_argument("--from", dest="first", metavar="DATE", help="the first day (UTC)")
    attest.add_argument("--to", dest="last", metavar="DATE", help="the last day, included")
    attest.add_argument("--source", metavar="NAME", help="one source; without it, each")
    attest.add_argument("--output", type=Path, metavar="DIR", help="default: attestations, beside the warehouse")
    attest.set_defaults(run=_attest)


def _verify(arguments: argparse.Namespace) -> int:
    from orchestration.archive.check import check_archive
    from orchestration.archive.errors import ArchiveError
    from orchestration.commands.archive import configured_store
    from orchestration.evidence import seal_file
    from orchestration.evidence.verify import verify

    path = warehouse_path(os.environ)
    try:
        kept = seal_file.read(arguments.against) if arguments.against else None
        found = verify(path, kept)
        if arguments.archive:
            found.outcomes.extend(check_archive(path, configured_store()))
        if arguments.published:
            found.outcomes.extend(_check_published())
    except (ArchiveError, ConfigurationError, WarehouseError) as error:
        return _refuse(error)
    print(f"{'table':<20}{'check':<26}{'checked':>12}{'differ':>10}{'seconds':>9}")
    for one in found.outcomes:
        numbers = f"{one.checked_count:>12,}{one.finding_count:>10,}{one.seconds:>9.1f}"
        print(f"{one.table:<20}{one.name:<26}{numbers}")
    rate = found.activity_count / max(found.seconds, 1e-9)
    print(f"{found.activity_count:,} activities in {found.seconds:.1f} s: {rate:,.0f} a second.")
    for removal in found.removals:
        print(printable(str(removal)))
    if found.unsealed_day_count or found.changed_day_count:
        print(
            f"Not yet sealed: {found.unsealed_day_count} day(s) with {found.unsealed_activity_count:,} activities "
            f"and {found.changed_day_count} sealed day(s) with newer activities. No seal speaks for these."
        )
    if found.unproven:
        print(printable(found.unproven))
    for one in found.findings:
        first = printable(str(one.first))
        print(f"{one.table}: {one.name}: {one.finding_count:,} differ. First: {first}", file=sys.stderr)
    return 1 if found.findings else 0


def _check_published() -> list[VerificationResult]:
    """The restricted set, and the general one where there is one."""
    from orchestration.publish.manifest import check_published

    general = general_path(os.environ)
    directories = [published_path(os.environ), *([general] if general.exists() else [])]
    return [check_published(directory) for directory in directories]


def _seals(arguments: argparse.Namespace) -> int:
    from orchestration.evidence.seal_file import export

    try:
        with open_warehouse(warehouse_path(os.environ), read_only=True) as connection:
            count = export(connection, arguments.export)
    except WarehouseError as error:
        return _refuse(error)
    print(f"{count} seal(s) in {arguments.export}. Keep the file where the warehouse's writers cannot write.")
    return 0


def _attest(arguments: argparse.Namespace) -> int:
    from orchestration.evidence.attestation import AttestationError, attest, read_period

    try:
        period = read_period(arguments.first, arguments.last)
        written = attest(warehouse_path(os.environ), period, arguments.output, arguments.source)
    except (AttestationError, WarehouseError) as error:
        return _refuse(error)
    for one in written:
        check_result = "complete" if one.is_complete else "NOT complete"
        print(f"{printable(one.source)}, {period}: {check_result}, {one.activity_count:,} activities.")
        print(f"  {one.markdown}\n  {one.json}")
    return 0


def _refuse(error: Exception) -> int:
    print(printable(str(error)), file=sys.stderr)
    return 1
