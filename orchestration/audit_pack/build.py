"""Makes a pack: attestations and seals from the warehouse, tables and the access review from what is published."""

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import orjson

from orchestration import PRODUCT, __version__
from orchestration.access_review.review import write_review
from orchestration.attestation.attest import Period, attest
from orchestration.audit_pack.archive import MANIFEST, SIGNATURE, TIMESTAMP, pack
from orchestration.audit_pack.check import FORMAT_VERSION
from orchestration.audit_pack.errors import PackError
from orchestration.audit_pack.index import INDEX, as_markdown, edition_facts
from orchestration.audit_pack.parts import ATTESTATIONS, PARTS, REVIEW, SEALS, part_of
from orchestration.audit_pack.signature import Ed25519PrivateKey, fingerprint
from orchestration.audit_pack.timestamp import request_timestamp
from orchestration.config.values import check_local
from orchestration.duckdb_sql import dict_rows
from orchestration.durable_files import write_durably
from orchestration.evidence.seal_file import export
from orchestration.publish.manifest import DATABASE, differing_database
from orchestration.spreadsheets import csv_cell
from orchestration.verification.untrusted import open_untrusted

DIRECTORY = "audit-packs"
# Whole records are in the warehouse; a pack has what was derived from them, and hashes.
_LEFT_OUT = ("payload",)
_EDITION = "select published_at, fingerprint, detail_since from marts._published limit 1"


@dataclass(frozen=True, slots=True)
class Request:
    """What to pack, and how it is signed.

    `warehouse` and `published` are the DuckDB file and the directory of the restricted set.
    """

    warehouse: Path
    published: Path
    period: Period
    key: Ed25519PrivateKey
    timestamp_url: str | None = None


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that was written, and how many rows each file has (None where that says nothing)."""

    path: Path
    counts: dict[str, int | None]
    sha256: str


def write_pack(request: Request, output: Path | None = None, written_at: datetime | None = None) -> Packed:
    """Write the pack into the directory `output`, or into `audit-packs` beside the warehouse.

    The same edition, period, key and time of writing give the same bytes, but for a timestamp.

    Raises:
        ConfigurationError: `output` is an address.
        PackError: the published file was edited, or the pack cannot be written.
        ExplainedError: a part cannot be made, as its own room says.
    """
    check_local("output", output)
    for difference in differing_database(request.published):
        raise PackError(f"{difference}, so nothing was signed. Run `make refresh`, which publishes it again.")
    moment = (written_at or datetime.now(UTC)).replace(microsecond=0)
    files, counts = _collect(request, moment)
    edition = _read_edition(request.published / DATABASE)
    files[INDEX] = as_markdown(str(request.period), edition_facts(edition, moment), counts).encode()
    counts[INDEX] = None
    content = _manifest(request, edition, files, counts, moment)
    signature = request.key.sign(content)
    signed = {MANIFEST: content, SIGNATURE: signature}
    if request.timestamp_url:
        signed[TIMESTAMP] = request_timestamp(request.timestamp_url, signature)
    archive = pack(files | signed)
    period = request.period
    path = (output or request.warehouse.parent / DIRECTORY) / f"audit-pack-{period.first}-{period.last}.zip"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, archive)
    except OSError as error:
        raise PackError(f"Cannot write {path}: {error.strerror}. Choose another directory.") from None
    return Packed(path, counts, hashlib.sha256(archive).hexdigest())


def _collect(request: Request, moment: datetime) -> tuple[dict[str, bytes], dict[str, int | None]]:
    """The content of each file except the index, and its number of rows."""
    files: dict[str, bytes] = {}
    counts: dict[str, int | None] = {}
    with TemporaryDirectory(prefix="audit-pack-") as place:
        work = Path(place)
        for statement in attest(request.warehouse, request.period, work, written_at=moment):
            for file in (statement.markdown, statement.json):
                name = f"{ATTESTATIONS.name}{file.name}"
                files[name], counts[name] = file.read_bytes(), None
        with open_untrusted(request.warehouse) as connection:
            counts[SEALS.name] = export(connection, work / SEALS.name)
        files[SEALS.name] = (work / SEALS.name).read_bytes()
        first, last = str(request.period.first - timedelta(days=1)), str(request.period.last)
        review = write_review(request.published / DATABASE, work, last, first)
        for name, file, count in (
            (f"{REVIEW.name}.csv", review.table, len(review.review.rows)),
            (f"{REVIEW.name}-rights.csv", review.rights, len(review.review.rights)),
            (f"{REVIEW.name}.html", review.page, None),
        ):
            files[name], counts[name] = file.read_bytes(), count
    with duckdb.connect(str(request.published / DATABASE), read_only=True) as connection:
        for part in PARTS:
            if part.query:
                files[part.name], counts[part.name] = _read_rows(connection, part.query, request.period)
    return files, counts


def _read_rows(connection: duckdb.DuckDBPyConnection, query: str, period: Period) -> tuple[bytes, int]:
    bounds = {"since": _midnight(period.first), "until": _midnight(period.last + timedelta(days=1))}
    used = {name: value for name, value in bounds.items() if f"${name}" in query}
    found = connection.execute(f"select * {query} order by all", used)
    names = [column[0] for column in found.description or ()]
    kept = [place for place, name in enumerate(names) if name not in _LEFT_OUT]
    text, count = io.StringIO(newline=""), 0
    writer = csv.writer(text)
    writer.writerow([names[place] for place in kept])
    while rows := found.fetchmany(10_000):
        writer.writerows([csv_cell(row[place]) for place in kept] for row in rows)
        count += len(rows)
    return text.getvalue().encode(), count


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _read_edition(database: Path) -> dict[str, Any]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict_rows(connection, _EDITION)[0]


def _manifest(
    request: Request,
    edition: dict[str, Any],
    files: dict[str, bytes],
    counts: dict[str, int | None],
    moment: datetime,
) -> bytes:
    period = request.period
    manifest = {
        "statement": "An audit pack: the evidence of one period, each file with its SHA-256",
        "format_version": FORMAT_VERSION,
        "period": {"first_date": period.first, "last_date": period.last, "time_zone": "UTC"},
        "written_at": moment,
        "product": {"name": PRODUCT, "version": __version__},
        "published": edition,
        "signed_with": fingerprint(request.key.public_key()),
        "files": {
            name: {
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": counts.get(name),
                "controls": part.controls if (part := part_of(name)) else {},
            }
            for name, content in files.items()
        },
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS
    return orjson.dumps(manifest, option=options | orjson.OPT_APPEND_NEWLINE)
