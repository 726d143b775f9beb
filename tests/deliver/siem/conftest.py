"""A warehouse with a few events to deliver: what dbt builds, without dbt."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestration.config.siem import SiemSettings, read_siem
from orchestration.deliver.siem.http import SinkRetryPolicy
from orchestration.deliver.siem.run import Delivered, deliver
from orchestration.publish.marts import Catalog
from orchestration.warehouse.connection import open_warehouse

QUICK = SinkRetryPolicy(attempts=3, ack_attempts=3, first_wait=0.001)
NO_MARTS = Catalog(marts=[], project_hash="")

_TABLES = """
create schema marts;
create schema delivered;
create table marts.activities (ingest_seq bigint, occurred_at timestamp);
create table delivered.ocsf_activities (
    ingest_seq bigint, activity_date date, class_uid integer, class_name varchar, "time" bigint,
    status_code varchar, metadata struct(uid varchar, event_code varchar),
    actor struct("user" struct(uid varchar, name varchar)), api struct(operation varchar),
    file struct(name varchar), unmapped varchar, raw_data varchar
);
create table delivered.ocsf_findings (
    event_uid varchar, activity_date date, class_uid integer, class_name varchar, "time" bigint,
    metadata struct(uid varchar, event_code varchar), unmapped varchar
);
insert into raw.dbt_runs values ('first', 'build', true, 0, [], 0, now()::timestamp);
"""
_ACTIVITIES = """
insert into delivered.ocsf_activities
select
    number, day, if(number % 2 = 0, 6003, 6006), if(number % 2 = 0, 'API Activity', 'File Hosting Activity'),
    epoch_ms(day + to_seconds(number)), null, {'uid': 'activity_' || number, 'event_code': 'x'},
    {'user': {'uid': 'user_1', 'name': null}}, if(number % 2 = 0, {'operation': 'x'}, null),
    if(number % 2 = 0, null, {'name': 'f'}), '{"number":' || number || ',"big":12345678901234567890123}',
    '{"id":"activity_' || number || '"}'
from (select unnest(generate_series($first, $last)) as number, $day::timestamp as day)
"""


def add_activities(path: Path, first: int, last: int, day: str = "2026-05-01") -> None:
    """Events with these numbers, odd ones of files and even ones of calls, as of a build that succeeded."""
    with open_warehouse(path) as connection:
        connection.execute(_ACTIVITIES, {"first": first, "last": last, "day": day})
        connection.execute(
            "insert into marts.activities select ingest_seq, activity_date from delivered.ocsf_activities "
            "where ingest_seq >= ?",
            [first],
        )
        connection.execute("update raw.dbt_runs set through_ingest_seq = ?", [last])


def add_finding(path: Path, event_uid: str) -> None:
    """The event of a finding."""
    with open_warehouse(path) as connection:
        connection.execute(
            "insert into delivered.ocsf_findings values (?, '2026-05-02', 2004, 'Detection Finding', 1000, "
            "{'uid': ?, 'event_code': 'rule'}, null)",
            [event_uid, event_uid],
        )


@pytest.fixture
def filled(path: Path) -> Path:
    """A warehouse with the events 1 to 10, five of calls and five of files, and a finding."""
    with open_warehouse(path) as connection:
        connection.execute(_TABLES)
    add_activities(path, 1, 10)
    add_finding(path, "finding")
    return path


def settings_of(environment: Mapping[str, str]) -> SiemSettings:
    """The settings of an environment that has a SIEM."""
    settings = read_siem(environment)
    assert settings
    return settings


def deliver_to(path: Path, environment: Mapping[str, str]) -> Delivered:
    """One run, to the one sink of the environment."""
    [outcome] = deliver(path, settings_of(environment), NO_MARTS, QUICK)
    return outcome


def files_in(place: Path) -> dict[str, bytes]:
    """The files of a directory."""
    return {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}


def events_in(place: Path) -> list[dict[str, Any]]:
    """The events of all NDJSON files of a directory."""
    texts = [gzip.decompress(file.read_bytes()) for file in sorted(place.rglob("*.ndjson.gz"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]
