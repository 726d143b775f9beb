"""The archive as a job and as the only thing that is left: the restored warehouse builds the same marts."""

import shutil
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from local_feed import LocalFeed
from orchestration import cli as program
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.conftest import UNPUBLISHED, environment_of, run

Built = tuple[Path, dg.ExecuteInProcessResult]

# One row per activity, change or day. The feed goes on while it is read: rows of before the end are compared.
EVENTS = {
    "activities": "occurred_at",
    "configuration_changes": "occurred_at",
    "key_events": "occurred_at",
    "logins": "occurred_at",
    "membership_changes": "occurred_at",
    "user_activity_daily": "activity_date",
}
# When and in which extract an activity was stored is not the same after it was read again.
STORED = ("extract_id", "ingest_seq", "ingested_at", "is_late")


def differing(one: Path, other: Path, mart: str, moment: str) -> int:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        [(until,)] = connection.execute("select max(sealed_date) from one.raw.day_seals").fetchall()
        columns = [name for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'one' and schema_name = 'marts' "
            "and table_name = ?", [mart]
        ).fetchall() if name not in STORED]  # fmt: skip
        rows = f"select {', '.join(columns)} from {{}}.marts.{mart} where {moment} <= '{until}'"
        return sum(
            connection.execute(f"select count(*) from ({rows.format(a)} except all {rows.format(b)})").fetchall()[
                0
            ][0]
            for a, b in (("one", "other"), ("other", "one"))
        )


def test_a_warehouse_from_the_archive_alone_builds_the_same_marts(
    built: Built, history: LocalFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    assert not built[1].asset_materializations_for_node("archive__activities")
    original, restored = tmp_path / "original.duckdb", tmp_path / "restored.duckdb"
    shutil.copyfile(built[0], original)
    place = {"ARCHIVE_PATH": str(tmp_path / "archive")}
    result = run("archive", original, place)
    [made] = result.asset_materializations_for_node("archive__activities")
    assert made.metadata["new rows"].value == made.metadata["dagster/row_count"].value > 2000
    for name, value in {"WAREHOUSE_PATH": str(restored), **place}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["orchestration", "restore"])
    assert program.main() == 0
    assert f"file(s) are in {restored}, and every check of verify passed." in capsys.readouterr().out
    # The models then read most days from the archive.
    assert run("refresh", restored, environment_of(history, LOCAL_DAYS="31") | place, stages=UNPUBLISHED).success
    with open_warehouse(restored, read_only=True) as connection:
        [(here, stored)] = connection.execute(
            "select (select count(*) from raw.activities), (select count(*) from raw.stored_activities)"
        ).fetchall()
        assert here < stored / 2
    assert verify(restored).findings == []
    assert {
        mart: count for mart, moment in EVENTS.items() if (count := differing(original, restored, mart, moment))
    } == {}


def test_what_is_configured_wrongly_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setenv("WAREHOUSE_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setattr(sys, "argv", ["orchestration", "restore"])
    for place, sentence in (
        ("", "ARCHIVE_PATH is not set. Set it to the directory or s3://bucket/prefix."),
        ("ftp://host/archive", "ARCHIVE_PATH is 'ftp://host/archive'. Use a directory, or s3://bucket/prefix."),
        ("s3://b", "ARCHIVE_PATH is 's3://b'. Use one like s3://bucket/prefix."),
    ):
        monkeypatch.setenv("ARCHIVE_PATH", place)
        assert program.main() == 1
        assert capsys.readouterr().err.strip() == sentence
