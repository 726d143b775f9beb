"""Every type of activity, and every finding, as a valid event of OCSF."""

import csv
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.config.settings import ROOT
from orchestration.deliver.siem.events import class_columns
from tests import ocsf
from tests.deliver.siem.conftest import events_in
from tests.end_to_end.conftest import run

CONTRACT: dict[str, Any] = json.loads((ROOT / "local_feed/activity_types.json").read_text())
DETECTION_FINDING = 2004


def seed() -> list[dict[str, str]]:
    with (ROOT / "dbt_project/seeds/ocsf_activity_types.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_documented_type_is_mapped_as_the_schema_spells_it():
    rows = seed()
    assert [row["activity_type"] for row in rows] == sorted(CONTRACT)
    for row in rows:
        class_name, activities = ocsf.captions(int(row["class_uid"]))
        assert (row["class_name"], row["activity_name"]) == (class_name, activities[int(row["activity_id"])]), row


def test_the_page_counts_the_types_of_each_class():
    page = (ROOT / "docs/siem.md").read_text(encoding="utf-8")
    stated = {
        (name, number): int(count)
        for name, number, count in re.findall(r"^\| (.+?) \| (\d+) \| (\d+) \|", page, re.M)
    }
    assert stated == Counter((row["class_name"], row["class_uid"]) for row in seed())


@pytest.fixture(scope="module")
def delivered(built: tuple[Path, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the job delivers of the shared history, in the directories `ndjson` and `parquet`."""
    directory = tmp_path_factory.mktemp("delivered")
    shutil.copyfile(built[0], directory / "warehouse.duckdb")
    for form in ("ndjson", "parquet"):
        environment = {"SIEM_PATH": str(directory / form), "SIEM_FORMAT": form, "SIEM_RAW_DATA": "true"}
        result = run("siem", directory / "warehouse.duckdb", environment)
        assert result.success
    return directory


def test_every_type_and_every_finding_is_a_valid_event(delivered: Path):
    events = events_in(delivered / "ndjson")
    assert {event["metadata"]["event_code"] for event in events} >= CONTRACT.keys()
    assert {event["class_uid"] for event in events} == {int(row["class_uid"]) for row in seed()} | {
        DETECTION_FINDING
    }
    for version in (ocsf.VERSION, "1.8.0"):
        assert ocsf.faults(events, version) == []


def test_parquet_has_the_attributes_of_its_class_and_loses_no_value(delivered: Path):
    events = events_in(delivered / "ndjson")
    with duckdb.connect() as connection:
        for directory in sorted((delivered / "parquet").iterdir()):
            files = f"read_parquet('{directory}/**/*.parquet', hive_partitioning = false)"
            columns = {name for name, *_ in connection.execute(f"describe from {files}").fetchall()}
            [(class_uid, count)] = connection.execute(
                f"select class_uid, count(*) from {files} group by class_uid"
            ).fetchall()
            of_class = [event for event in events if event["class_uid"] == class_uid]
            assert count == len(of_class)
            assert {name for event in of_class for name in event} <= columns <= ocsf.attributes(class_uid).keys()


def test_each_class_has_the_columns_that_are_its_attributes(built: tuple[Path, Any]):
    with duckdb.connect(str(built[0]), read_only=True) as connection:
        columns = [name for name, *_ in connection.execute("describe delivered.ocsf_activities").fetchall()]
    for class_uid in {int(row["class_uid"]) for row in seed()}:
        assert set(class_columns(columns, class_uid)) == set(columns) & ocsf.attributes(class_uid).keys()
