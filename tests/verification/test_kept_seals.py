"""Seals that were kept elsewhere show what the chain alone cannot."""

import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.evidence import seal_file
from orchestration.evidence.merkle import merkle_root
from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.histories import FIRST_DAY, land_slice, record
from tests.verification.tampering import FORGE_CHAIN, FORGE_DAY, FORGE_LEDGER, OLDER, findings, found, tamper


def test_a_whole_new_chain_is_found_only_with_the_seals_kept_elsewhere(warehouse: Path):
    tamper(
        warehouse,
        f"update raw.activities set payload = replace(payload, 'system_actor', 'systen_actor') "
        f"where activity_id = 'activity_11'; update raw.activities set payload_sha256 = sha256(payload), "
        f"actor_type = if(activity_id = 'activity_11', 'systen_actor', actor_type); "
        f"{FORGE_DAY} {FORGE_LEDGER} {FORGE_CHAIN}",
    )
    assert findings(warehouse).keys() == {"day_seals sealed_days_hold"}
    with duckdb.connect(str(warehouse)) as connection:
        hashes = (
            "select string_agg(payload_sha256, '' order by activity_id) from raw.activities where created_at::date"
        )
        [(of_day,)] = connection.execute(f"{hashes} = '2026-05-02'").fetchall()
        connection.execute("update raw.day_seals set merkle_root = ? where seal_number = 2", [merkle_root(of_day)])
    tamper(warehouse, FORGE_CHAIN)
    assert findings(warehouse) == {}
    result = findings(warehouse, against=True)
    assert result.keys() == {"day_seals kept_seals_are_there"}
    count, first = result["day_seals kept_seals_are_there"]
    assert count == 4
    assert first.startswith("test seal 1 of 2026-05-01: the file has ")


def test_the_newest_seals_cannot_vanish_from_a_kept_file(warehouse: Path):
    tamper(warehouse, "delete from raw.day_seals where seal_number > 3")
    assert findings(warehouse) == {}
    assert found(warehouse).unsealed_day_count == 2
    count, first = findings(warehouse, against=True)["day_seals kept_seals_are_there"]
    assert count == 1
    assert first.startswith("test seal 4 of 2026-05-04")
    assert first.endswith("missing in the warehouse")


def test_a_seal_s_time_is_in_the_kept_file_too(warehouse: Path):
    tamper(warehouse, "update raw.day_seals set sealed_at = sealed_at - interval 1 year")
    assert findings(warehouse) == {}
    assert findings(warehouse, against=True)["day_seals kept_seals_are_there"][0] == 4


def test_a_line_of_the_file_can_be_checked_by_hand(warehouse: Path):
    text = warehouse.with_name("seals.txt").read_text()
    command = next(line for line in text.splitlines() if "sha256sum" in line).lstrip("# ")
    seals = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert len(seals) == 4
    for source, _, day, _, count, day_sha256, previous, seal, _, removal, _, *ledger in seals:
        texts = [previous, source, day, count, day_sha256, removal, *ledger]
        arguments = " ".join("''" if text == "-" else text for text in texts)
        line = re.sub("PREVIOUS .* MERKLE_ROOT", arguments, command)
        printed = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout
        assert printed.split()[0] == seal


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: "notes of a meeting\n", "not a file of exported seals"),
        (lambda text: "", "not a file of exported seals"),
        (lambda text: text[:-30], "not a file of exported seals"),
        (lambda text: text.replace("\t3\t", "\t4\t"), "was changed"),
        (lambda text: "".join(line for line in text.splitlines(True) if "2026-05-02" not in line), "was changed"),
    ],
    ids=["another file", "an empty file", "a cut file", "an edited file", "a line is missing"],
)
def test_a_file_that_is_not_of_exported_seals_is_refused(warehouse: Path, change, sentence: str):
    file = warehouse.with_name("seals.txt")
    file.write_text(change(file.read_text()))
    with pytest.raises(WarehouseError, match=sentence):
        seal_file.read(file)


def test_a_missing_file_and_bytes_are_refused(tmp_path: Path):
    with pytest.raises(WarehouseError, match="No such file"):
        seal_file.read(tmp_path / "nothing.txt")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WarehouseError, match="not a file of exported seals"):
        seal_file.read(tmp_path / "bytes")


def test_a_warehouse_of_the_version_before_verifies_and_its_kept_seals_are_read(warehouse: Path):
    kept = warehouse.with_name("seals.txt")
    tamper(warehouse, OLDER)
    with open_warehouse(warehouse) as connection:
        seal_file.export(connection, kept)
    lines = [line.split("\t") for line in kept.read_text().splitlines() if line[0] != "#"]
    # The shorter ones were written before there were removals.
    for width in (9, 11):
        kept.write_text("".join("\t".join(line[:width]) + "\n" for line in lines))
        assert found(warehouse, against=True).findings == []
    with open_warehouse(warehouse) as connection:
        land_slice(connection, record("late", FIRST_DAY))
        seal_days(connection)
    assert found(warehouse, against=True).findings == []
    tamper(warehouse, "update raw.extracts set last_cursor = 'forged' where slice_start = '2026-05-03'")
    assert "test seal 5 of 2026-05-01: sealed with 7" in findings(warehouse)["extracts sealed_extracts_hold"][1]
