"""The audit pack of a built warehouse: what is in it, that it is the same twice, and each kind of damage."""

import csv
import hashlib
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.attestation.attest import last_month
from orchestration.audit_pack.archive import MANIFEST, SIGNATURE, TIMESTAMP, pack
from orchestration.audit_pack.build import Packed, Request, write_pack
from orchestration.audit_pack.check import verify_pack
from orchestration.audit_pack.errors import PackError
from orchestration.audit_pack.parts import FRAMEWORKS, PARTS
from orchestration.audit_pack.signature import read_private_key
from orchestration.publish.manifest import DATABASE, write_manifest
from tests.audit_pack.conftest import WRITTEN, Keys, make_keys
from tests.end_to_end.test_evidence import command
from tests.rows import rows


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def damaged(packed: Packed, place: Path, **changes: bytes | None) -> Path:
    """The pack with files replaced, added, or (None) taken out; `SIGNATURE=…` and the like name them."""
    files = contents(packed.path)
    for name, content in changes.items():
        if content is None:
            del files[name]
        else:
            files[name] = content
    path = place / "damaged.zip"
    path.write_bytes(pack(files))
    return path


def test_a_pack_has_every_part_and_an_index_that_maps_each_to_controls(packed: Packed, built: tuple[Path, Any]):
    files = contents(packed.path)
    manifest = json.loads(files[MANIFEST])
    assert set(files) == set(manifest["files"]) | {MANIFEST, SIGNATURE}
    for part in PARTS:
        of_part = [name for name in files if name.startswith(part.name)]
        assert of_part, part.name
        assert all(
            manifest["files"][name]["controls"] == {k: list(v) for k, v in part.controls.items()}
            for name in of_part
        )
        assert part.name in files["INDEX.md"].decode()
    assert all(any(framework in part.controls for part in PARTS) for framework in FRAMEWORKS)
    for name, facts in manifest["files"].items():
        assert hashlib.sha256(files[name]).hexdigest() == facts["sha256"], name
    month = manifest["period"]
    for name, mart in (("findings.csv", "findings"), ("configuration-changes.csv", "configuration_changes")):
        expected = rows(
            built[0],
            f"select count(*) from marts.{mart} where occurred_at::date between date '{month['first_date']}' "
            f"and date '{month['last_date']}'",
        )
        table = list(csv.DictReader(io.StringIO(files[name].decode())))
        assert [(len(table),)] == expected == [(manifest["files"][name]["rows"],)]
    assert {"finding_id", "rule_id", "severity", "evidence_activity_ids"} <= set(
        next(csv.reader(io.StringIO(files["findings.csv"].decode())))
    )


def test_a_pack_is_the_same_twice_and_openssl_verifies_it(
    packed: Packed, make_pack: Callable[..., Packed], keys: Keys, tmp_path: Path
):
    assert make_pack().path.read_bytes() == packed.path.read_bytes()
    files = contents(packed.path)
    for name in (MANIFEST, SIGNATURE):
        (tmp_path / name).write_bytes(files[name])
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", keys.public, "-rawin",
             "-in", tmp_path / MANIFEST, "-sigfile", tmp_path / SIGNATURE]  # fmt: skip
    assert subprocess.run(words, capture_output=True).returncode == 0


def test_each_kind_of_damage_is_a_sentence(packed: Packed, keys: Keys, tmp_path: Path):
    files = contents(packed.path)
    content = json.loads(files[MANIFEST])
    longer = content | {"written_at": "2020-01-01T00:00:00Z"}
    other = make_keys(tmp_path / "other")
    cases: list[tuple[dict[str, bytes | None], str]] = [
        ({"findings.csv": b"x" + files["findings.csv"][1:]}, "findings.csv was changed"),
        ({"seals.txt": b""}, "seals.txt was changed"),
        ({"seals.txt": files["seals.txt"] + b"\0" * 2**24}, "seals.txt was changed"),
        ({"keys.csv": None}, "keys.csv is missing"),
        ({"more.csv": b"x"}, "more.csv was added"),
        ({"../../more.csv": b"x"}, "../../more.csv was added"),
        ({MANIFEST: json.dumps(longer).encode()}, f"{MANIFEST} or its signature was changed"),
        ({MANIFEST: b"[]"}, f"{MANIFEST} or its signature was changed"),
        ({SIGNATURE: b"x" * 64}, f"{MANIFEST} or its signature was changed"),
        ({SIGNATURE: None}, "It has no signature"),
        ({MANIFEST: None}, f"It has no readable {MANIFEST}"),
        ({TIMESTAMP: b"now"}, f"{TIMESTAMP} is not a timestamp of this signature"),
    ]
    for changes, words in cases:
        checked = verify_pack(damaged(packed, tmp_path, **changes), keys.public)
        [damage] = checked.damages
        assert damage.startswith(words)
    [damage] = verify_pack(packed.path, other.public).damages
    assert damage.startswith(f"It was not signed with {other.public}")
    assert verify_pack(packed.path, keys.public).damages == []


def test_what_was_edited_after_its_publication_is_not_signed(keys: Keys, tmp_path: Path):
    (tmp_path / DATABASE).write_bytes(b"as it was published")
    write_manifest(tmp_path, DATABASE, "0" * 64)
    (tmp_path / DATABASE).write_bytes(b"with a finding less")
    request = Request(tmp_path / "warehouse.duckdb", tmp_path, last_month(WRITTEN.date()), keys.key)
    with pytest.raises(PackError, match="is not as it was published, so nothing was signed"):
        write_pack(request, tmp_path / "packs")
    assert not (tmp_path / "packs").exists()


def test_an_archive_in_which_a_file_stands_twice_or_that_is_cut_is_refused(
    packed: Packed, keys: Keys, tmp_path: Path
):
    twice = tmp_path / "twice.zip"
    twice.write_bytes(packed.path.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("keys.csv", "forged")
    assert any("keys.csv is in it more than once" in one for one in verify_pack(twice, keys.public).damages)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(packed.path.read_bytes()[:-100])
    for path in (cut, keys.public, tmp_path / "none.zip"):
        with pytest.raises(PackError):
            verify_pack(path, keys.public)
    with pytest.raises(PackError, match="has no public Ed25519 key"):
        verify_pack(packed.path, keys.private)
    # A byte of a compressed file: the archive's own check finds it too.
    content = bytearray(packed.path.read_bytes())
    with zipfile.ZipFile(packed.path) as archive:
        content[archive.getinfo("seals.txt").header_offset + 200] ^= 1
    cut.write_bytes(content)
    assert [one[:21] for one in verify_pack(cut, keys.public).damages] == ["seals.txt was changed"]


def test_a_private_key_is_read_from_its_file_alone_and_never_shown(keys: Keys, tmp_path: Path):
    for path, words in ((None, "is not set"), (tmp_path / "none", "cannot be read"), (keys.public, "no private")):
        with pytest.raises(PackError, match=words) as error:
            read_private_key(path)
        assert "PRIVATE KEY" not in str(error.value)
    encrypted = tmp_path / "encrypted.pem"
    subprocess.run(
        ["openssl", "pkey", "-in", keys.private, "-aes256", "-passout", "pass:x", "-out", encrypted], check=True
    )
    with pytest.raises(PackError, match="without a password"):
        read_private_key(encrypted)


def test_an_authority_s_timestamp_is_kept_and_checked(
    authority: tuple[str, Path], make_pack: Callable[..., Packed], packed: Packed, keys: Keys
):
    url, root = authority
    with_time = make_pack(timestamp_url=url)
    assert set(contents(with_time.path)) == set(contents(packed.path)) | {TIMESTAMP}
    assert "whose it is was not checked" in verify_pack(with_time.path, keys.public).statements[1]
    checked = verify_pack(with_time.path, keys.public, root)
    assert checked.damages == []
    assert checked.statements[1].startswith(f"The authority in {root} saw the signature at {datetime.now():%Y}")
    [damage] = verify_pack(packed.path, keys.public, root).damages
    assert damage.startswith("It has no timestamp")
    [damage] = verify_pack(with_time.path, keys.public, Path(root).with_name("signer.pem")).damages
    assert "is not from the authority" in damage
    for address, words in (
        (f"{url}/other", "answered with something other"),
        ("http://127.0.0.1:1", "did not answer"),
    ):
        with pytest.raises(PackError, match=words):
            make_pack(timestamp_url=address)


def test_the_commands(
    built: tuple[Path, Any], keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setenv("PUBLISHED_PATH", str(built[0].parent / "published"))
    monkeypatch.setenv("AUDIT_PACK_TIMESTAMP_URL", "")
    monkeypatch.setenv("AUDIT_PACK_KEY_FILE", "")
    assert command(monkeypatch, built[0], "audit-pack") == 1
    assert "AUDIT_PACK_KEY_FILE is not set" in capsys.readouterr().err
    monkeypatch.setenv("AUDIT_PACK_KEY_FILE", str(keys.private))
    assert command(monkeypatch, built[0], "audit-pack", "--output", str(tmp_path)) == 0
    [path] = tmp_path.glob("audit-pack-*.zip")
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PUBLISHED_PATH", str(tmp_path / "none"))
    assert command(monkeypatch, tmp_path / "none.duckdb", "verify-pack", "--", str(path), str(keys.public)) == 0
    printed = capsys.readouterr().out
    assert "are as they were signed" in printed
    assert "PRIVATE" not in printed
    path.write_bytes(path.read_bytes().replace(b"INDEX.md", b"INDEX.MD"))
    assert command(monkeypatch, tmp_path / "none.duckdb", "verify-pack", str(path), str(keys.public)) == 1
    assert "INDEX.md is missing" in capsys.readouterr().err
