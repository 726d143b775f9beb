"""Checks a pack: its files against the manifest, and the manifest against the signature. Needs no warehouse."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from orchestration.audit_pack.archive import MANIFEST, MAX_MANIFEST_BYTES, SIGNATURE, TIMESTAMP, PackedFiles
from orchestration.audit_pack.errors import PackError
from orchestration.audit_pack.signature import fingerprint, is_signed, read_public_key
from orchestration.audit_pack.timestamp import MAX_BYTES, is_from, timestamped_at

FORMAT_VERSION = 1
_AGAIN = "Ask for the pack again."


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found: a sentence for each damage, and what an undamaged pack states of itself."""

    damages: list[str]
    statements: list[str]


def verify_pack(pack: Path, public_key: Path, authority: Path | None = None) -> Checked:
    """Check the pack with the public key alone; with the root certificates of a timestamp authority, its time too.

    Raises:
        PackError: one of the files is not what it should be.
    """
    key = read_public_key(public_key)
    with closing(PackedFiles(pack)) as files:
        content, signature = files.read(MANIFEST, MAX_MANIFEST_BYTES), files.read(SIGNATURE, 64)
        if content is None:
            return Checked(
                [f"It has no readable {MANIFEST}: it is not an audit pack, or that file was removed. {_AGAIN}"], []
            )
        manifest = _read_manifest(content)
        if signature is None:
            return Checked([f"It has no signature ({SIGNATURE}), so nothing says who made it. {_AGAIN}"], [])
        if not is_signed(key, signature, content):
            return Checked([_why_not_signed(manifest, fingerprint(key), public_key)], [])
        if manifest.get("format_version") != FORMAT_VERSION:
            raise PackError(f"{pack} was made by a newer version of this product. Check it with that version.")
        damages = list(_compare(files, manifest["files"]))
        return _with_timestamp(
            files, signature, authority, Checked(damages, _describe(manifest, fingerprint(key)))
        )


def _read_manifest(content: bytes) -> dict[str, Any]:
    """What the manifest says. Nothing in it is trusted before its signature is checked."""
    try:
        manifest = orjson.loads(content)
    except ValueError:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _why_not_signed(manifest: dict[str, Any], ours: str, public_key: Path) -> str:
    named = manifest.get("signed_with")
    if isinstance(named, str) and named != ours:
        return (
            f"It was not signed with {public_key} (SHA-256 {ours}): it names the key {named[:64]}. Use the public "
            "key that its maker gave you, or do not rely on it."
        )
    return f"{MANIFEST} or its signature was changed after it was signed with {public_key}. {_AGAIN}"


def _compare(files: PackedFiles, listed: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name in sorted(name for name, count in Counter(files.names).items() if count > 1):
        yield f"{name} is in it more than once, and programs may show another than was checked. {_AGAIN}"
    for name, facts in sorted(listed.items()):
        if name not in files.names:
            yield f"{name} is missing. {_AGAIN}"
        elif files.sha256(name, facts["bytes"]) != facts["sha256"]:
            yield f"{name} was changed: it is not the file that was signed. {_AGAIN}"
    for name in sorted(set(files.names) - listed.keys() - {MANIFEST, SIGNATURE, TIMESTAMP}):
        yield f"{name} was added: it is not among the files that were signed. Do not rely on it."


def _describe(manifest: dict[str, Any], ours: str) -> list[str]:
    period, product = manifest["period"], manifest["product"]
    return [
        f"{len(manifest['files'])} files of {period['first_date']} to {period['last_date']} (UTC), written "
        f"{manifest['written_at']} by {product['name']} {product['version']}, are as they were signed with the "
        f"key whose SHA-256 is {ours}."
    ]


def _with_timestamp(files: PackedFiles, signature: bytes, authority: Path | None, checked: Checked) -> Checked:
    damages, statements = checked.damages, checked.statements
    if TIMESTAMP not in files.names:
        if authority:
            damages = [
                *damages,
                f"It has no timestamp ({TIMESTAMP}), so nothing but its maker says when. {_AGAIN}",
            ]
        return Checked(damages, statements)
    answer = files.read(TIMESTAMP, MAX_BYTES)
    moment = timestamped_at(answer, signature) if answer else None
    if answer is None or moment is None:
        return Checked([*damages, f"{TIMESTAMP} is not a timestamp of this signature. {_AGAIN}"], statements)
    if authority is None:
        statement = (
            f"A timestamp says {moment:%Y-%m-%d %H:%M:%S}Z; whose it is was not checked (name AUTHORITY to do so)."
        )
        return Checked(damages, [*statements, statement])
    if not is_from(authority, answer, signature):
        return Checked([*damages, f"{TIMESTAMP} is not from the authority in {authority}. {_AGAIN}"], statements)
    return Checked(
        damages, [*statements, f"The authority in {authority} saw the signature at {moment:%Y-%m-%d %H:%M:%S}Z."]
    )
