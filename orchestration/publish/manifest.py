"""What was published, file by file with its SHA-256: how a file that was edited or lost since is noticed.

The manifest of the DuckDB file stands beside it, that of a Parquet edition in its directory. They notice damage
and edits; who may write there can write a manifest too.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from orchestration.durable_files import write_durably
from orchestration.evidence.verify import VerificationResult

DATABASE = "compliance.duckdb"
DATABASE_MANIFEST = f"{DATABASE}.json"
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
    """The Parquet edition that the link names; None where it names anything but an edition beside it."""
    link = directory / LINK_NAME
    return edition_named(directory, str(link.readlink())) if link.is_symlink() else None


def edition_named(directory: Path, name: object) -> Path | None:
    """The edition of that name, which a file or a link may hold; None where it is no edition here."""
    if not isinstance(name, str) or not _EDITION.fullmatch(name):
        return None
    edition = directory / name
    return edition if edition.is_dir() and not edition.is_symlink() else None


def read_edition_manifest(edition: Path | None) -> dict[str, Any]:
    """What a Parquet edition says about itself; empty where there is none, or it names files elsewhere."""
    found = _read(edition / EDITION_MANIFEST) if edition else {}
    tables = found.get("files")
    is_sound = isinstance(tables, dict) and all(
        isinstance(one, dict) and isinstance(one.get("path"), str) and one["path"].startswith(f"{table}/")
        for table, parts in tables.items()
        for one in (parts.values() if isinstance(parts, dict) else [None])
    )
    return found if is_sound and all(map(_FILE.fullmatch, _edition_files(found))) else {}


def read_database_manifest(directory: Path) -> dict[str, Any]:
    """What is noted of the published DuckDB file; empty where nothing is."""
    return _read(directory / DATABASE_MANIFEST)


def note_database(directory: Path, fingerprint: str) -> None:
    """Note the DuckDB file that was published."""
    facts = {"fingerprint": fingerprint, **file_facts(directory / DATABASE)}
    write_durably(directory / DATABASE_MANIFEST, orjson.dumps(facts, option=orjson.OPT_INDENT_2))


def differing_database(directory: Path) -> Iterator[str]:
    """A sentence where the DuckDB file is not the one that was published."""
    noted = read_database_manifest(directory)
    yield from _differing(directory, DATABASE, noted, f"{DATABASE} in {directory}")


def differing_parquet(edition: Path | None, manifest: dict[str, Any]) -> Iterator[str]:
    """A sentence on each file of a Parquet edition that is missing, is another, or was put there."""
    if edition is None:
        return
    files = _edition_files(manifest)
    for name, noted in files.items():
        yield from _differing(edition, name, noted, f"{name} in {edition}")
    for path in sorted(edition.rglob("*")):
        name = str(path.relative_to(edition))
        if (path.is_symlink() or not path.is_dir()) and name not in files and name != EDITION_MANIFEST:
            yield f"{name} in {edition} was not published"


def check_published(directory: Path) -> VerificationResult:
    """Read every file of the set that was published into the directory, and compare it."""
    began = time.monotonic()
    edition = current_edition(directory)
    manifest = read_edition_manifest(edition)
    found = [*differing_database(directory), *differing_parquet(edition, manifest)]
    if not manifest:
        found.append(f"There is no Parquet edition with a manifest in {directory}")
    return VerificationResult(
        table=directory.name,
        name="published_files_hold",
        checked_count=1 + len(_edition_files(manifest)),
        finding_count=len(found),
        first=f"{found[0]}. Run `make refresh`, which publishes it again." if found else None,
        seconds=time.monotonic() - began,
    )


def _differing(directory: Path, name: str, noted: dict[str, Any], shown: str) -> Iterator[str]:
    path = directory / name
    if path.is_symlink() or not path.is_file():
        yield f"{shown} is missing"
    elif noted.get("sha256") != file_facts(path)["sha256"]:
        yield f"{shown} is not as it was published"


def _edition_files(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The files that the manifest of an edition names, by path; one that names none as it should names nothing."""
    files = manifest.get("published_files")
    return files if isinstance(files, dict) and all(isinstance(one, dict) for one in files.values()) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
