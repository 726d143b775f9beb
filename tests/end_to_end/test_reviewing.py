"""The access review of the one built warehouse, through Dagster and the command line."""

import csv
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.access_review.review import read_review
from orchestration.cli import main
from tests.end_to_end.conftest import run

Built = tuple[Path, dg.ExecuteInProcessResult]

PLACES = """
select scope_type, scope_id, principal_id, role from marts.membership_periods
where coalesce(valid_from, '-infinity') <= $until and $until < coalesce(valid_to, 'infinity')
"""
ACTIVE_KEYS = """
select key_type, key_id from marts.key_lifecycle
where is_active
"""


@pytest.mark.parametrize("day", ["2025-08-31", "2025-12-31", "2026-06-30"])
def test_places_on_a_day_are_those_of_the_dictionary_s_rule(built: Built, day: str):
    published = built[0].parent / "published" / "compliance.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        expected = connection.execute(PLACES, {"until": f"{day} 23:59:59.999999"}).fetchall()
    found = [
        (row["grant_type"], row["grant_id"], row["holder_id"], row["role"])
        for row in read_review(published, day).held
        if not row["is_key"] and row["change"] != "not known"
    ]
    assert len(found) > 10
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_active_keys_at_the_end_are_those_of_the_mart(built: Built):
    published = built[0].parent / "published" / "compliance.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        expected = connection.execute(ACTIVE_KEYS).fetchall()
        [(newest,)] = connection.execute("select max(occurred_at)::date::varchar from marts.activities").fetchall()
    found = [row for row in read_review(published, newest).held if row["is_key"]]
    assert sorted((row["grant_type"], row["grant_id"]) for row in found) == sorted(expected)
    leavers = {row["grant_id"] for row in found if "holder has left" in row["remarks"]}
    with duckdb.connect(str(published), read_only=True) as connection:
        offboarded = connection.execute(f"{ACTIVE_KEYS} and is_creator_offboarded").fetchall()
    assert leavers == {key_id for _, key_id in offboarded}
    assert leavers


def test_the_job_and_the_command_write_the_same_review(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    path, _ = built
    result = run("review", path, {})
    assert result.success
    [made] = result.asset_materializations_for_node("evidence__access_review")
    facts = {name: value.value for name, value in made.metadata.items()}
    assert facts["complete"] is True
    assert not [value for value in facts.values() if "@" in str(value)], "its metadata names nobody"
    table, page = Path(facts["table"]), Path(facts["page"])
    with table.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == facts["dagster/row_count"]
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("PUBLISHED_PATH", str(path.parent / "published"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    arguments = [
        "review",
        "--on",
        facts["reviewed day"],
        "--since",
        facts["changes since"],
        "--output",
        str(tmp_path),
    ]
    monkeypatch.setattr("sys.argv", ["orchestration", *arguments])
    assert main() == 0
    assert f"{facts['reviewed day']} (complete): {facts['held']:,} grants held" in capsys.readouterr().out
    assert (tmp_path / table.name).read_bytes() == table.read_bytes()
    assert (tmp_path / page.name).read_bytes() == page.read_bytes()
    monkeypatch.setattr("sys.argv", ["orchestration", "review", "--on", "never"])
    assert main() == 1
    assert capsys.readouterr().err == "never is not a date. Use one like 2026-06-30.\n"
