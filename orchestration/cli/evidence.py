"""Commands that check the warehouse, prove something from it, or restore it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.app import command, fail, flag, option
from orchestration.config.settings import Settings
from orchestration.terminal import printable


@command
def audit_pack(
    first: Annotated[str, option("DATE", "the first day (UTC)", "--from")] = "",
    last: Annotated[str, option("DATE", "the last day, included", "--to")] = "",
    output: Annotated[Path | None, option("DIR", "default: audit-packs, beside the warehouse")] = None,
) -> None:
    """Write the evidence of a period (last month) as one signed archive."""
    from orchestration.attestation.attest import read_period
    from orchestration.audit_pack.build import Request, write_pack
    from orchestration.audit_pack.signature import read_private_key
    from orchestration.warehouse.connection import warehouse_lock

    paths = Settings.paths(os.environ)
    read = Settings.read(os.environ, "audit_pack_key_file", "audit_pack_timestamp_url")
    key, period = read_private_key(read.audit_pack_key_file), read_period(first or None, last or None)
    with warehouse_lock(paths.warehouse_path):
        request = Request(paths.warehouse_path, paths.published_path, period, key, read.audit_pack_timestamp_url)
        packed = write_pack(request, output)
    print(f"{period}: {len(packed.counts)} files.\n  {packed.path}\n  SHA-256 {packed.sha256}")


@command
def verify_pack(
    pack: Annotated[Path, typer.Argument(metavar="PACK")],
    public_key: Annotated[Path, typer.Argument(metavar="PUBLIC_KEY")],
    authority: Annotated[
        Path | None, option("FILE", "root certificates (PEM) of the authority of its timestamp")
    ] = None,
) -> int:
    """Check an audit pack. Needs the pack and the public key alone."""
    from orchestration.audit_pack.check import verify_pack as check_pack

    checked = check_pack(pack, public_key, authority)
    for damage in checked.damages:
        fail(damage)
    if not checked.damages:
        print(*map(printable, checked.statements), sep="\n")
    return 1 if checked.damages else 0


@command
def verify(
    against: Annotated[Path | None, option("FILE", "also compare with seals that were exported")] = None,
    archive: Annotated[bool, flag("--archive", "also read every file of the archive, and compare")] = False,
    published: Annotated[bool, flag("--published", "also compare published files with their manifest")] = False,
) -> int:
    """Compute every hash, seal and count again, and compare."""
    # Not the job: a verifier may have only the file, and what the options name are not assets.
    from orchestration.archive.check import check_archive
    from orchestration.archive.storage.s3 import configured_store
    from orchestration.evidence import seal_file
    from orchestration.publish.manifest import check_published
    from orchestration.verification.verify import verify as verify_warehouse

    paths = Settings.paths(os.environ)
    path, general = paths.warehouse_path, paths.published_general_path
    kept = seal_file.read(against) if against else None
    found = verify_warehouse(path, kept)
    if archive:
        found.outcomes.extend(check_archive(path, configured_store()))
    if published:
        found.outcomes.append(check_published(paths.published_path))
        if general.exists():
            found.outcomes.append(check_published(general))
    for line in found.describe():
        print(printable(line))
    for one in found.findings:
        fail(f"{one.table}: {one.name}: {one.finding_count:,} differ. First: {one.first}")
    return 1 if found.findings else 0


@command
def seals(export: Annotated[Path, option("FILE", "the file to write")]) -> None:
    """Write the seals to a text file, to be kept elsewhere."""
    from orchestration.evidence.seal_file import export as export_seals
    from orchestration.verification.untrusted import open_untrusted

    with open_untrusted(Settings.paths(os.environ).warehouse_path) as connection:
        count = export_seals(connection, export)
    print(f"{count} seal(s) in {export}. Keep the file where the warehouse's writers cannot write.")


@command
def prove(
    activity_id: Annotated[str, typer.Argument(metavar="ACTIVITY_ID")],
    source: Annotated[str, option("NAME", "where several sources have the record")] = "",
    output: Annotated[Path | None, option("FILE", "default: in proofs, beside the warehouse")] = None,
) -> None:
    """Write a proof that one record is in a sealed day, without showing the others."""
    from orchestration.verification.proof import prove as prove_record

    proven, file = prove_record(Settings.paths(os.environ).warehouse_path, activity_id, source, output)
    print(f"{printable(str(proven))}.\n  {file}")


@command
def check_proof(
    proof: Annotated[Path, typer.Argument(metavar="FILE")],
    against: Annotated[Path | None, option("FILE", "look for the seal in seals that were exported")] = None,
) -> int:
    """Check a proof of one record. Needs no warehouse."""
    from orchestration.evidence import seal_file
    from orchestration.verification import proof as proofs

    proven = proofs.check(proofs.read(proof))
    print(f"{printable(str(proven))}.")
    if against is None:
        print("Compare this hash with the seal that was kept elsewhere, or name a file of seals with --against.")
    elif not proofs.is_kept(proven, seal_file.read(against)):
        return fail(f"{against} has no such seal. Use one that was exported after the day was sealed.")
    return 0


@command
def restore() -> None:
    """Build an empty warehouse from the archive."""
    from orchestration.archive.restore import restore as restore_warehouse
    from orchestration.archive.storage.s3 import configured_store

    path = Settings.paths(os.environ).warehouse_path
    restored = restore_warehouse(path, configured_store())
    print(
        f"{restored.activity_count:,} activities from {restored.file_count:,} file(s) are in {path}, and every "
        f"check of verify passed. {restored.forgotten_count:,} extract(s) of days that were not archived no "
        "longer prove anything: run `make refresh`, which reads these days again and builds the tables."
    )
