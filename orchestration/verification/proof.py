"""Proof that one record is among those of a sealed day, without showing the others, and the check of a proof.

The proof has the record as it was received, the nodes of the day's hash tree that lead from it to the root, and
the seal, which covers the root. Where the seal was kept elsewhere, the check needs no warehouse.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from orchestration import PRODUCT, __version__
from orchestration.config.values import check_local
from orchestration.durable_files import write_durably
from orchestration.errors import ExplainedError
from orchestration.evidence.day_hash import day_hashes
from orchestration.evidence.merkle import DIGITS, inclusion_path, merkle_root, root_of
from orchestration.evidence.removal_sql import SEAL_VERSIONS
from orchestration.evidence.seal_file import COLUMNS, Kept
from orchestration.evidence.seals import seal_expression
from orchestration.verification.untrusted import open_untrusted
from orchestration.warehouse.temporary import temporary

FORMAT_VERSION = 1
DIRECTORY = "proofs"

_RECORD = """
select source, payload, payload_sha256, created_at::date, ingest_seq
from raw.stored_activities
where activity_id = $activity_id and source = coalesce($source, source)
order by source, ingest_seq
"""
_SEAL = f"""
select {", ".join(f"{name}::varchar" if kind == pa.string() else name for name, kind in COLUMNS.items())},
    through_removal, is_removed
from ({SEAL_VERSIONS})
where source = $source and sealed_date = $sealed_date
order by seal_number desc limit 1
"""
_WANTED = """
select $source as source, $sealed_date::date as sealed_date, $last_ingest_seq::bigint as last_ingest_seq,
    $through_removal::bigint as through_removal
"""


class ProofError(ExplainedError):
    """There is no such proof, or it does not hold; `str()` is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof shows: the record is in the day under this seal."""

    activity_id: str
    seal: dict[str, Any]
    count: int

    def __str__(self) -> str:
        return (
            f"{self.activity_id} is one of the {self.count:,} records of {self.seal['source']} "
            f"{self.seal['sealed_date']}, under seal {self.seal['seal_number']}: {self.seal['seal_sha256']}"
        )


def prove(path: Path, activity_id: str, source: str = "", output: Path | None = None) -> tuple[Proven, Path]:
    """Write the proof for one record of the warehouse at `path`, into a file beside it or at `output`.

    Raises:
        ConfigurationError: `output` is an address.
        ProofError: there is no such record, its day has no seal with a hash tree, or the file cannot be written.
        WarehouseError: the warehouse cannot be read, or has code that the product did not put there.
    """
    check_local("output", output)
    with open_untrusted(path) as connection:
        proof = _read(connection, activity_id, source)
    content = orjson.dumps(proof, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    file = output or path.parent / DIRECTORY / f"proof-{re.sub(r'[^A-Za-z0-9_-]', '_', activity_id)[:100]}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_durably(file, content)
    except OSError as error:
        raise ProofError(f"Cannot write {file}: {error.strerror}. Choose another file.") from None
    return check(content), file


def _read(connection: duckdb.DuckDBPyConnection, activity_id: str, source: str) -> dict[str, Any]:
    found = connection.execute(_RECORD, {"activity_id": activity_id, "source": source or None}).fetchall()
    if not found:
        raise ProofError(f"The warehouse has no activity {activity_id}. Check the id, or whether it was removed.")
    if len(found) > 1:
        sources = ", ".join(row[0] for row in found)
        raise ProofError(f"{len(found)} sources have {activity_id}. Name one with --source: {sources}.")
    [(source, payload, payload_sha256, day, ingest_seq)] = found
    seal, through_removal = _read_seal(connection, source, day, ingest_seq)
    bounds = {name: seal[name] for name in ("source", "sealed_date", "last_ingest_seq")}
    with temporary(connection, "wanted_days", _WANTED, bounds | {"through_removal": through_removal}) as wanted:
        [(*_, hashes)] = [one for days in day_hashes(connection, wanted) for one in days]
    leaves = [hashes[start : start + DIGITS] for start in range(0, len(hashes), DIGITS)]
    if payload_sha256 not in leaves or merkle_root(hashes) != seal["merkle_root"]:
        raise ProofError(f"{source} {day} is not as it was sealed. Run `make verify`, which says what differs.")
    index = leaves.index(payload_sha256)
    return {
        "statement": "One record is among those of a sealed day",
        "format_version": FORMAT_VERSION,
        "activity_id": activity_id,
        "payload": payload,
        "tree": {"index": index, "size": len(leaves), "path": inclusion_path(hashes, index)},
        "seal": seal,
        "product": {"name": PRODUCT, "version": __version__},
    }


def _read_seal(
    connection: duckdb.DuckDBPyConnection, source: str, day: Any, ingest_seq: int
) -> tuple[dict[str, Any], int]:
    found = connection.execute(_SEAL, {"source": source, "sealed_date": day}).fetchall()
    if not found:
        raise ProofError(f"{source} {day} is not sealed yet. Run `make refresh` once the day is over and read.")
    *values, through_removal, is_removed = found[0]
    seal = dict(zip(COLUMNS, values, strict=True))
    if (seal["seal_format"] or 1) < 2:
        raise ProofError(
            f"{source} {day} was sealed before seals had a hash tree, so only the whole day proves one of its "
            "records: use `verify --against` with seals that were kept elsewhere."
        )
    if is_removed or ingest_seq > seal["last_ingest_seq"]:
        raise ProofError(
            f"It arrived after {source} {day} was sealed. Run `make refresh`, which seals the day again."
        )
    return seal, through_removal


def read(file: Path) -> bytes:
    """The bytes of a proof.

    Raises:
        ProofError: the file cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise ProofError(f"Cannot read {file}: {error.strerror}. Choose a file that `prove` wrote.") from None


def check(content: bytes) -> Proven:
    """Recompute what a proof claims, from its bytes alone; the seal must still be compared with a kept one.

    Raises:
        ProofError: something in it is inconsistent.
    """
    try:
        proof = orjson.loads(content)
        tree, seal, payload = proof["tree"], proof["seal"], proof["payload"].encode()
        record = orjson.loads(payload)
        root = root_of(hashlib.sha256(payload).hexdigest(), tree["index"], tree["size"], tree["path"])
        computed = _compute(seal)
        is_newer = proof["format_version"] > FORMAT_VERSION
    except (ValueError, TypeError, KeyError, AttributeError, pa.ArrowInvalid):
        raise ProofError(
            "The file is not a proof that this product wrote, or it is damaged. Ask for it again."
        ) from None
    if is_newer:
        raise ProofError("The proof was made by a newer version of this product. Check it with that version.")
    if not isinstance(record, dict) or record.get("id") != proof["activity_id"]:
        raise ProofError("The record in the proof is not the one that it names: the proof was changed.")
    if root is None or root != seal["merkle_root"] or tree["size"] != seal["activity_count"]:
        raise ProofError("The record does not lead to the root that the seal covers: the proof was changed.")
    if computed != seal["seal_sha256"]:
        raise ProofError("The seal in the proof does not follow from its fields: the proof was changed.")
    return Proven(proof["activity_id"], seal, tree["size"])


def _compute(seal: dict[str, Any]) -> str | None:
    row = pa.table([pa.array([seal[name]], kind) for name, kind in COLUMNS.items()], [*COLUMNS])
    with duckdb.connect() as connection:
        connection.register("seal", row)
        statement = f"select {seal_expression('seal', 'previous_seal_sha256')} from seal where seal_format >= 2"
        return next((found for (found,) in connection.execute(statement).fetchall()), None)


def is_kept(proven: Proven, kept: Kept) -> bool:
    """Whether the seal of the proof is among seals that were kept elsewhere."""
    of_source = zip(kept["source"].to_pylist(), kept["seal_sha256"].to_pylist(), strict=True)
    return (proven.seal["source"], proven.seal["seal_sha256"]) in of_source
