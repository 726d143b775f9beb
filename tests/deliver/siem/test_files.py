"""Events as files: each once, and the same files whenever a run was killed."""

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.archive.storage.store import Store
from orchestration.deliver.siem import run
from orchestration.deliver.siem.ledger import Amount
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.deliver.siem.conftest import add_activities, add_finding, deliver_to, events_in, files_in


def uids(place: Path) -> list[str]:
    return [event["metadata"]["uid"] for event in events_in(place)]


def test_each_event_is_delivered_once_and_late_ones_too(filled: Path, tmp_path: Path):
    place = tmp_path / "siem"
    environment = {"SIEM_PATH": str(place)}
    assert deliver_to(filled, environment).amount.events == 11
    assert deliver_to(filled, environment).amount == Amount()
    # Of a day before the others: numbers say what is new, not times.
    add_activities(filled, 11, 12, "2026-04-01")
    add_finding(filled, "finding:close")
    assert deliver_to(filled, environment).amount.events == 3
    assert sorted(uids(place)) == sorted(
        [f"activity_{number}" for number in range(1, 13)] + ["finding", "finding:close"]
    )


def test_an_event_has_no_nulls_and_its_unmapped_fields_as_they_are(filled: Path, tmp_path: Path):
    place = tmp_path / "siem"
    deliver_to(filled, {"SIEM_PATH": str(place)})
    [text] = [event for event in events_in(place) if event["metadata"]["uid"] == "activity_1"]
    assert text["unmapped"] == {"number": 1, "big": 12345678901234567890123}
    assert text["actor"] == {"user": {"uid": "user_1"}}
    assert text.keys() == {
        "class_uid", "class_name", "time", "metadata", "actor", "file", "unmapped"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        ({"SIEM_RAW_DATA": "true"}, {"raw_data", "unmapped"}),
        ({"SIEM_RAW_DATA": "true", "SIEM_UNMAPPED": "false"}, {"raw_data"}),
        ({"SIEM_UNMAPPED": "false"}, set()),
    ],
)
def test_settings_say_what_an_event_holds(filled: Path, tmp_path: Path, wanted: dict[str, str], held: set[str]):
    deliver_to(filled, {"SIEM_PATH": str(tmp_path / "siem")} | wanted)
    for event in events_in(tmp_path / "siem"):
        if event["class_uid"] != 2004:
            assert event.keys() & {"raw_data", "unmapped"} == held


def test_activities_of_before_the_start_are_passed_over(filled: Path, tmp_path: Path):
    place = tmp_path / "siem"
    environment = {"SIEM_PATH": str(place), "SIEM_START": "2026-05-02"}
    add_activities(filled, 11, 11, "2026-05-02")
    add_activities(filled, 12, 12, "2026-05-01")
    assert deliver_to(filled, environment).amount.events == 2
    assert sorted(uids(place)) == ["activity_11", "finding"]


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
@pytest.mark.parametrize("killed_after", ["plan", "put"])
def test_a_run_that_was_killed_is_repeated_with_the_same_files(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, killed_after: str
):
    """Also where more has come since: the names and contents are those of the delivery that was planned."""
    whole, place = tmp_path / "whole", tmp_path / "siem"
    deliver_to(filled, {"SIEM_PATH": str(whole), "SIEM_FORMAT": form})
    environment = {"SIEM_PATH": str(place), "SIEM_FORMAT": form}
    with monkeypatch.context() as patch:

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        if killed_after == "plan":
            patch.setattr(Store, "put", die)
        else:
            patch.setattr(run, "acknowledge", die)
        with pytest.raises(KeyboardInterrupt):
            deliver_to(filled, environment)
    add_activities(filled, 11, 12)
    assert deliver_to(filled, environment).amount.events == 13
    activities = {name: content for name, content in files_in(whole).items() if "activities-" in name}
    assert activities.items() <= files_in(place).items()
    assert len({name for name in files_in(place) if "activities-" in name}) == len(activities) * 2
    assert not list(filled.parent.glob("*.delivering"))


def test_parquet_lies_as_security_lake_expects_it(filled: Path, tmp_path: Path):
    place = tmp_path / "siem"
    add_activities(filled, 11, 11, "2026-04-30")
    deliver_to(
        filled,
        {
            "SIEM_PATH": str(place),
            "SIEM_FORMAT": "parquet",
            "AWS_REGION": "eu-west-1",
            "SIEM_ACCOUNT": "123456789012",
        },
    )
    inner = "region=eu-west-1/accountId=123456789012"
    name = "activities-000000000001-000000000011.parquet"
    files = sorted(files_in(place))
    assert files == [
        f"claude_ocsf_2004/{inner}/eventDay=20260502/findings-000000000002.parquet",
        f"claude_ocsf_6003/{inner}/eventDay=20260501/{name}",
        f"claude_ocsf_6006/{inner}/eventDay=20260430/{name}",
        f"claude_ocsf_6006/{inner}/eventDay=20260501/{name}",
    ]
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select * from read_parquet('{place}/claude_ocsf_6003/**/*.parquet', hive_partitioning = false)"
        )
        columns = {column[0] for column in found.description}
        rows = found.fetchall()
    assert columns >= {"api", "time", "unmapped"}
    assert not columns & {"file", "ingest_seq", "activity_date", "raw_data"}
    assert len(rows) == 5


def test_another_place_gets_everything(filled: Path, tmp_path: Path, query: Query):
    for name in ("one", "other"):
        assert deliver_to(filled, {"SIEM_PATH": str(tmp_path / name)}).amount.events == 11
    rows = query("select sink, event_count from raw.siem_deliveries order by delivery_id")
    assert rows == [(f"ndjson {tmp_path / name}", count) for name in ("one", "other") for count in (10, 1)]


def test_nothing_is_delivered_of_a_build_that_failed(filled: Path, tmp_path: Path):
    with open_warehouse(filled) as connection:
        connection.execute("update raw.dbt_runs set failed_nodes = ['valid_columns_activities']")
    with pytest.raises(
        Exception, match=r"failed in valid_columns_activities, so nothing was delivered; what was deliv"
    ):
        deliver_to(filled, {"SIEM_PATH": str(tmp_path / "siem")})


def test_a_place_that_cannot_be_written_is_one_sentence(filled: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    outcome = deliver_to(filled, {"SIEM_PATH": str(tmp_path / "file" / "siem")})
    assert outcome.error is not None
    assert outcome.error.endswith("Check SIEM_PATH.")


def test_deliveries_hold_no_more_than_a_batch(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "FILE_EVENTS", 4)
    deliver_to(filled, {"SIEM_PATH": str(tmp_path / "siem")})
    names = sorted(name.rpartition("/")[2] for name in files_in(tmp_path / "siem"))
    assert names[:3] == [
        f"activities-{first:012}-{last:012}.ndjson.gz" for first, last in ((1, 4), (5, 8), (9, 10))
    ]
    assert [json.dumps(one) for one in uids(tmp_path / "siem")[:10]] == [
        json.dumps(f"activity_{number}") for number in range(1, 11)
    ]
