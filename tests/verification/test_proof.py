"""Proofs of single records: valid for all that is sealed, checked without a warehouse, broken by any change."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days
from orchestration.privacy.erasure import erase
from orchestration.verification.proof import ProofError, check, is_kept, prove
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.test_evidence import command
from tests.histories import DAYS, FIRST_DAY, build, land_slice, record
from tests.privacy.people import ADA, EMAIL, ORDER, by, know_users
from tests.verification.tampering import OLDER, tamper


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days, four of them sealed; the second has a late record, and lost one by an erasure."""
    path = tmp_path_factory.mktemp("sealed") / "warehouse.duckdb"
    build(path)
    second = FIRST_DAY + timedelta(days=1)
    with open_warehouse(path) as connection:
        land_slice(connection, record("ada", second, **by(ADA, EMAIL)), start=second)
        seal_days(connection)
        land_slice(connection, record("late", second), start=second)
        seal_days(connection)
    know_users(path, **{ADA: [EMAIL]})
    erase(path, ADA, ORDER)
    with open_warehouse(path) as connection:
        seal_file.export(connection, path.with_name("seals.txt"))
    return path


def test_every_sealed_record_is_proven_and_no_other(warehouse: Path, query):
    kept = seal_file.read(warehouse.with_name("seals.txt"))
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    sealed = query(
        "select activity_id, payload from raw.activities where created_at < ?", last.replace(tzinfo=None)
    )
    assert len(sealed) == 10
    others = {payload for _, payload in sealed}
    for activity_id, payload in sealed:
        proven, file = prove(warehouse, activity_id)
        text = file.read_text()
        assert json.loads(text)["payload"] == payload
        assert not any(json.dumps(other)[1:-1] in text for other in others - {payload})
        assert proven == check(file.read_bytes())
        assert is_kept(proven, kept)
    for name, words in (
        ("none", "has no activity"),
        ("ada", "has no activity"),
        ("activity_41", "not sealed yet"),
    ):
        with pytest.raises(ProofError, match=words):
            prove(warehouse, name)


def changed(proof: dict[str, Any], *names: str, to: Any) -> bytes:
    """The proof with one field changed."""
    copy = json.loads(json.dumps(proof))
    place = copy
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = to
    return json.dumps(copy).encode()


def test_a_proof_in_which_anything_was_changed_does_not_hold(warehouse: Path):
    _, file = prove(warehouse, "activity_11", output=warehouse.with_name("proof.json"))
    proof = json.loads(file.read_text())
    assert proof["tree"]["size"] == 4
    harmless = {"sealed_at", "reason", "seal_number", "seal_version"}
    broken = [
        changed(proof, "payload", to=proof["payload"].replace("system", "systen")),
        changed(proof, "activity_id", to="activity_12"),
        changed(proof, "tree", "index", to=3),
        changed(proof, "tree", "size", to=5),
        changed(proof, "tree", "path", to=proof["tree"]["path"][:1]),
        changed(proof, "tree", "path", to=["xyz"]),
        changed(proof, "tree", "path", to=None),
        changed(proof, "payload", to="[]"),
        changed(proof, "seal", "seal_format", to=1),
        *(changed(proof, "seal", name, to=None) for name in proof["seal"].keys() - harmless - {"removal_sha256"}),
        b"", b"[]", b"{}", file.read_bytes()[:-3],
    ]  # fmt: skip
    for content in broken:
        with pytest.raises(ProofError):
            check(content)


def test_what_cannot_be_proven_yet_or_any_more_is_a_sentence(warehouse: Path):
    with open_warehouse(warehouse) as connection:
        land_slice(connection, record("later", FIRST_DAY))
        land_slice(connection, record("later", FIRST_DAY), source="other")
    with pytest.raises(ProofError, match=r"2 sources have later\..*other, test"):
        prove(warehouse, "later")
    with pytest.raises(ProofError, match="arrived after test 2026-05-01 was sealed"):
        prove(warehouse, "later", "test")
    tamper(warehouse, "delete from raw.activities where activity_id = 'activity_12'")
    with pytest.raises(ProofError, match="2026-05-02 is not as it was sealed"):
        prove(warehouse, "activity_11")


def test_seals_from_before_there_was_a_tree_need_the_whole_day(path: Path):
    build(path)
    with open_warehouse(path) as connection:
        seal_days(connection)
    tamper(path, OLDER)
    with open_warehouse(path):
        pass
    with pytest.raises(ProofError, match="only the whole day proves"):
        prove(path, "activity_11")


def test_the_commands(warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    seals = warehouse.with_name("seals.txt")
    assert command(monkeypatch, warehouse, "prove", "activity_11") == 0
    [file] = (warehouse.parent / "proofs").iterdir()
    assert "one of the 4 records of test 2026-05-02, under seal 6: " in capsys.readouterr().out
    assert command(monkeypatch, warehouse.with_name("no.duckdb"), "check-proof", str(file)) == 0
    assert command(monkeypatch, warehouse, "check-proof", str(file), "--against", str(seals)) == 0
    # A file that was exported before the day was sealed last.
    seals.write_text("".join(seals.read_text().splitlines(keepends=True)[:-1]))
    assert command(monkeypatch, warehouse, "check-proof", str(file), "--against", str(seals)) == 1
    assert "has no such seal" in capsys.readouterr().err
    assert command(monkeypatch, warehouse, "check-proof", "none.json") == 1
