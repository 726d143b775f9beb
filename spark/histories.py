"""Histories built on DuckDB, and their archives. Of few days: Spark opens each day's file for each statement."""

from pathlib import Path

import duckdb
from pydantic import SecretStr

from local_feed import LocalFeed
from orchestration.archive.snapshot import stage_snapshot
from orchestration.ingest.directory.run import read_directories
from orchestration.ingest.run import refresh
from orchestration.landing.locations import locate_addresses
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import source_of
from tests.dbt_project.cases import attacks
from tests.dbt_project.cases.conftest import HISTORIES
from tests.end_to_end.conftest import environment_of, run
from tests.end_to_end.test_hostile_records import UNNESTED_TYPES, VALUES, hostile_records, land_all
from tests.histories import land_days
from tests.locations import city_database

START = "2026-09-01T00:00:00Z"
# JSON that the two engines are known to read differently (docs/spark.md), and a replacement that both read alike.
READ_DIFFERENTLY = {
    "123456789012345678901234567890.5": "-0.5",
    "1e400": "14.25",
    '"type":"user_actor","type":"api_actor","user_id":"user_twice","user_id":7': '"type":"user_actor","user_id":7',
}
# Texts among entries that look like entries or other values, and entries with texts that end or begin like them.
LOOK_ALIKES = (
    r'["{\"type\":\"status\",\"current_value\":\"text\"}", "\u007b\"type\":\"status\"}" , "[1]", "5", "true"'
    r',"null", "", "~{",5,false,null,[ "{" ],["\u007b",1 ], "a, ",{},{"type":"name","previous_value":"p, "'
    r',"current_value":["{", "[", "t"]},{"type" : "\u006eame", "{":1,"~t":2, "current_value": "{\"type\":\"x\"}"}'
    r',{"type":"status","current_value":"\"[\"{"}]'
)


def archived(path: Path, root: Path) -> None:
    """A month whose days are all closed, archived by the product."""
    start = "2026-10-01T00:00:00Z"
    with LocalFeed(size=1000, seed=12, start=start, cache=path.parent / "cache", own_reads=False) as feed:
        assert run("refresh", path, environment_of(feed) | {"ARCHIVE_PATH": str(root)}).success


def everything(path: Path, root: Path) -> None:
    """All activity types, own reads of today, not sealed yet, a directory, cases, hostile records, revisions."""
    with LocalFeed(
        size=2000, seed=11, start=START, cache=path.parent / "cache", own_reads=True, directory=True
    ) as feed:
        people = source_of(feed, name="enterprise", key=SecretStr(feed.directory_key))
        keys = source_of(feed, name="console", key=SecretStr(feed.admin_key))
        assert refresh(people, path).is_complete
        assert not any(report.error for report in read_directories([people, keys], path).reports)
    cases = [record for file in sorted(HISTORIES.glob("*.ndjson")) for record in file.read_bytes().splitlines()]
    land_days(path, [*cases, *(record for history in attacks.histories() for record in history)])
    contents = [
        list(hostile_records()),
        [_record(name, f'"type":"{name}","workspace_id":"w","updates":{LOOK_ALIKES}') for name in UNNESTED_TYPES],
        # Two contents of the same records.
        *(
            [_record(f"revised {n}", f'"f":{{"a":{value}}}') for n, value in enumerate(values)]
            for values in (VALUES, VALUES[::-1])
        ),
    ]
    for original, alike in READ_DIFFERENTLY.items():
        assert any(original in record for record in contents[0])
        contents = [[record.replace(original, alike) for record in records] for records in contents]
    for records in contents:
        land_all(path, records)
    with open_warehouse(path) as connection:
        locate_addresses(connection, city_database(path.with_suffix(".mmdb")), None)
    assert run("rebuild", path, {}).success
    export(path, root)


def _record(activity_id: str, fields: str) -> str:
    return f'{{"id":"{activity_id}","created_at":"2026-05-01T12:00:00Z",{fields}}}'


def export(warehouse: Path, root: Path) -> None:
    """Export schema `raw`, sealed or not, in the layout of docs/archive.md."""
    ledger = root / "ledger" / "00000001"
    ledger.mkdir(parents=True)
    with open_warehouse(warehouse) as connection:
        connection.execute(
            f"copy (select *, created_at::date as activity_date from raw.activities) to '{root}/activities' "
            "(format parquet, partition_by (source, activity_date), filename_pattern 'part')"
        )
        stage_snapshot(connection, ledger, number=1)
    parts = [str(part.relative_to(root)) for part in root.glob("activities/*/*/*.parquet")]
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select path, regexp_extract(path, 'activity_date=([^/]+)', 1)::date as activity_date, "
            "1 as snapshot_number from (select unnest(?::varchar[]) as path)) "
            f"to '{ledger}/archive_files.parquet' (format parquet)",
            [parts],
        )
