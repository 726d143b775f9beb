"""Manifests of what was published, with the SHA-256 of each file, to detect files that were edited or lost.

The manifest of the DuckDB file is next to it, that of a Parquet edition in its directory. They do not protect
against someone who can write there, because they could write a manifest too.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from orchestration.durable_files import write_durably
from orchestration.verification.verify import VerificationResult

DATABASE = "compliance.duckdb"
DATABASE_MANIFEST = f"{DATABASE}.json"
WORKBOOK = "compliance.xlsx"
WORKBOOK_MANIFEST = f"{WORKBOOK}.json"
LINK_NAME = "parquet"
EDITION_PREFIX = ".parquet-"
EDITION_MANIFEST = "_edition.json"

_EDITION = re.compile(re.escape(EDITION_PREFIX) + "[0-9a-f]{32}")
_FILE = re.compile(r"[a-z_][a-z0-9_]*/(month=\d{4}-\d{2}/)?[a-z0-9_]+\.parquet")


def file_facts(path: Path) -> dict[str, Any]:
    """`byte_count` and `sha256` of a file."""
    with path.open("rb") as content:
        return {"byte_count": path.stat().st_size, "sha256": hashlib.file_digest(content, "sha256").hexdigest()}


def current_edition(directory: Path) -> Path | None:
    """The Parquet edition that the link points to; None if it points to anything else."""
    link = directory / LINK_NAME
    return edition_named(directory, str(link.readlink())) if link.is_symlink() else None


def edition_named(directory: Path, name: object) -> Path | None:
    """The edition of that name, which comes from a link or a manifest; None if it is not an edition here."""
    if not isinstance(name, str) or not _EDITION.fullmatch(name):
        return None
    edition = directory / name
    return edition if edition.is_dir() and not edition.is_symlink() else None


def read_edition_manifest(edition: Path | None) -> dict[str, Any]:
    """The manifest of a Parquet edition; empty if there is none, or if it names files outside the edition."""
    manifest = _read(edition / EDITION_MANIFEST) if edition else {}
    tables = manifest.get("files")
    is_valid = isinstance(tables, dict) and all(
        isinstance(file, dict) and isinstance(file.get("path"), str) and file["path"].startswith(f"{table}/")
        for table, parts in tables.items()
        for file in (parts.values() if isinstance(parts, dict) else [None])
    )
    return manifest if is_valid and all(map(_FILE.fullmatch, _edition_files(manifest))) else {}


def read_manifest(directory: Path, name: str = DATABASE_MANIFEST) -> dict[str, Any]:
    """The manifest of one published file, of the DuckDB file unless another is named; empty if there is none."""
    return _read(directory / name)


def write_manifest(directory: Path, name: str, fingerprint: str | None) -> None:
    """Write the manifest of a file that was published, beside it."""
    facts = {"fingerprint": fingerprint, **file_facts(directory / name)}
    write_durably(directory / f"{name}.json", orjson.dumps(facts, option=orjson.OPT_INDENT_2))


def differing_database(directory: Path) -> Iterator[str]:
    """A message if the DuckDB file is missing or is not the one that was published."""
    yield from _differing(directory, DATABASE, read_manifest(directory), f"{DATABASE} in {directory}")


def differing_workbook(directory: Path) -> Iterator[str]:
    """A message if the workbook is missing or is not the one that was published."""
    manifest = read_manifest(directory, WORKBOOK_MANIFEST)
    yield from _differing(directory, WORKBOOK, manifest, f"{WORKBOOK} in {directory}")


def differing_parquet(edition: Path | None, manifest: dict[str, Any]) -> Iterator[str]:
    """A message for each file of a Parquet edition that is missing, changed or added."""
    if edition is None:
        return
    files = _edition_files(manifest)
    for name, facts in files.items():
        yield from _differing(edition, name, facts, f"{name} in {edition}")
    for path in sorted(edition.rglob("*")):
        name = str(path.relative_to(edition))
        if (path.is_symlink() or not path.is_dir()) and name not in files and name != EDITION_MANIFEST:
            yield f"{name} in {edition} was not published"


def check_published(directory: Path) -> VerificationResult:
    """Verify every file of the set that was published into the directory."""
    began = time.monotonic()
    edition = current_edition(directory)
    manifest = read_edition_manifest(edition)
    # The workbook is optional: where it was published, it has a manifest.
    has_workbook = (directory / WORKBOOK_MANIFEST).exists()
    differing = [*differing_database(directory), *differing_parquet(edition, manifest)]
    differing += differing_workbook(directory) if has_workbook else []
    if not manifest:
        differing.append(f"There is no Parquet edition with a manifest in {directory}")
    return VerificationResult(
        table=directory.name,
        name="published_files_hold",
        checked_count=1 + has_workbook + len(_edition_files(manifest)),
        finding_count=len(differing),
        first=f"{differing[0]}. Run `make refresh`, which publishes it again." if differing else None,
        seconds=time.monotonic() - began,
    )


def _differing(directory: Path, name: str, facts: dict[str, Any], label: str) -> Iterator[str]:
    path = directory / name
    if path.is_symlink() or not path.is_file():
        yield f"{label} is missing"
    elif facts.get("sha256") != file_facts(path)["sha256"]:
        yield f"{label} is not as it was published"


def _edition_files(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The published files by path, as the edition's manifest has them; empty if the manifest is malformed."""
    files = manifest.get("published_files")
    return files if isinstance(files, dict) and all(isinstance(one, dict) for one in files.values()) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
