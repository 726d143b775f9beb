"""Records that no sane feed would send go through landing, dbt, its tests and publication, and break none."""

import csv
import hashlib
import itertools
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.access_review.review import write_review
from orchestration.assets.project import project
from orchestration.attestation.attest import Period, attest
from orchestration.checks.contract import drift, evaluate
from orchestration.intervals import Kind, Slice
from orchestration.landing.land import land
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests import ocsf
from tests.deliver.siem.conftest import events_in
from tests.end_to_end.conftest import run
from tests.histories import chunk_of, extract_of

DAY = datetime(2026, 5, 1, tzinfo=UTC)
DEPTH = 400
# What may stand wherever the documentation promises a text, a number, a list or an object, as JSON text.
VALUES = (
    r'"\u0000 nul \u0000"',
    "\"'; drop table raw.activities; -- {{ env_var('HOME') }} {% raw %} <script>alert(1)</script>\"",
    '"\u202ertl\u202c \u200b %s {0} $HOME \\u001b[31mred\\u001b]0;title\\u0007"',
    r'"half \ud800 a pair, and one escaped: \\ud800"',
    "\"=cmd|' /C calc'!A0\"",
    '""',
    "123456789012345678901234567890.5",
    "1e400",
    "-1",
    "true",
    "null",
    "[]",
    "{}",
    '[null,1,"a",["b"],{"type":"c","current_value":{"d":1e400}}]',
    '{"type":{"a":1},"outcome":["x"],"current_value":[1],"id":5,"0":null,"a.b":"*","\\"":"$"}',
    "[" * DEPTH + "]" * DEPTH,
    '{"a":' * DEPTH + "1" + "}" * DEPTH,
    '"292277-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+99:99"',
    '"https://user:pw@[::1/%00?x=\\n#"',
    '"999.999.999.999"',
)
ACTORS = (
    '"user_actor"',
    "[]",
    '[{"type":"user_actor"}]',
    "7",
    "null",
    "{}",
    '{"type":null}',
    '{"type":{"type":"user_actor"}}',
    '{"type":"user_actor","type":"api_actor","user_id":"user_twice","user_id":7}',
)
# Names of undocumented fields.
NAMES = (
    "a.b",
    "$.a[*]",
    "q\"uo'te",
    "",
    " ",
    "线\u202e🚀",
    "nul\u0000",
    "x" * 5000,
    "--; drop table raw.activities",
)
# A key, a membership, a grant and a setting: one type of each that is read entry by entry.
UNNESTED_TYPES = (
    "platform_api_key_updated",
    "platform_workspace_member_updated",
    "platform_service_account_updated",
    "type_of_tomorrow",
)
ACTOR_FIELDS = ("user_id", "email_address", "ip_address", "user_agent")


def documented_fields() -> dict[str, list[str]]:
    """The fields of each documented activity type beyond those of all."""
    with (Path(project.project_dir) / "seeds" / "documented_fields.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    fields: dict[str, list[str]] = {}
    for row in rows:
        if row["part"] == "activity" and row["part_type"] != "*":
            fields.setdefault(row["part_type"], []).append(row["field_name"])
    return fields


def hostile_records() -> Iterator[str]:
    """Every documented type with each second value in all of its fields, under actors of all sorts; and some more.

    The next type has the other values.
    """
    numbers = itertools.count()
    actors = itertools.cycle(ACTORS)

    def record(activity_type: str, rest: str, actor: str | None = None) -> str:
        number = next(numbers)
        at = (DAY + timedelta(seconds=number * 5)).isoformat().replace("+00:00", "Z")
        head = f'"id":"activity_{number}","created_at":"{at}","type":{activity_type}'
        return f'{{{head},"actor":{actor or next(actors)}{rest}}}'

    for number, (activity_type, fields) in enumerate(documented_fields().items()):
        for value in VALUES[number % 2 :: 2]:
            yield record(json.dumps(activity_type), "".join(f",{json.dumps(name)}:{value}" for name in fields))
    for value in VALUES:
        person = ",".join(f'"{name}":{value}' for name in ACTOR_FIELDS)
        yield record('"sso_login_succeeded"', "", f'{{"type":"user_actor",{person}}}')
        yield record(value, f',"organization_id":{value},"organization_uuid":{value}', f'{{"type":{value}}}')
        yield record('"type_of_tomorrow"', f',"updates":{value},"previous_value":{value},"workspace_id":{value}')
    yield record('"type_of_tomorrow"', ',"x":"' + "y" * 3_000_000 + '"')
    yield record('"type_of_tomorrow"', ',"x":[' + ",".join(["1"] * 300_000) + "]")
    yield record('"type_of_tomorrow"', "".join(f',"field {n}":{n}' for n in range(3000)))
    yield record('"org_user_left"', "".join(f",{json.dumps(name)}:1" for name in NAMES))
    entries = ",".join(f'{{"type":"name","previous_value":{n},"current_value":"{n}"}}' for n in range(5000))
    for activity_type, fields in [*documented_fields().items(), ("type_of_tomorrow", ["updates"])]:
        if "updates" in fields:
            yield record(json.dumps(activity_type), f',"api_key_id":"key","updates":[{entries}]')
    # Four megabytes each: what unnests them may not hold the document once more for every entry.
    types = itertools.cycle(("name", "status", "workspace_role", "organization_role", "x"))
    pairs = ((next(types), number) for number in range(5000))
    entries = ",".join(
        f'{{"type":"{kind}","previous_value":"{"p" * 380}","current_value":"{n}{"c" * 380}"}}' for kind, n in pairs
    )
    for activity_type in UNNESTED_TYPES:
        yield record(json.dumps(activity_type), f',"api_key_id":"long","workspace_id":"w","updates":[{entries}]')
    ids = ('"' + "a" * 100_000 + '"', r'"a\u0000b"', "5", '{"a":1}', '"../../etc/passwd"')
    times = (
        "0001-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-05-01 10:00:00.123456789+23:59",
        "2026-05-01t10:00:00z",
    )
    yield from (f'{{"id":{one},"created_at":"2026-05-01T10:00:00Z"}}' for one in ids)
    yield from (f'{{"id":"at {one}","id":7,"created_at":"{one}","created_at":"twice"}}' for one in times)


def land_all(path: Path, records: list[str]) -> None:
    extract = extract_of(Slice(Kind.BACKFILL, DAY, DAY + timedelta(days=1)), query={"limit": "5000"})
    chunk = chunk_of(*(record.encode() for record in records), extract=extract)
    with open_warehouse(path) as connection:
        land(connection, [chunk])


Hostile = tuple[Path, list[str]]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """A warehouse of hostile records, built and published by the real job."""
    path = tmp_path_factory.mktemp("hostile") / "warehouse.duckdb"
    records = list(hostile_records())
    land_all(path, records)
    result = run("rebuild", path, {})
    failures = [event.step_failure_data for event in result.filter_events(lambda event: event.is_step_failure)]
    assert result.success, [one.user_failure_data or one.error for one in failures]
    return path, records


def test_every_hostile_record_is_kept_built_and_published(hostile: Hostile):
    path, records = hostile
    expected = sorted(hashlib.sha256(record.encode()).hexdigest() for record in records)
    for file in (path, path.parent / "published" / "compliance.duckdb"):
        with duckdb.connect(str(file), read_only=True) as connection:
            rows = connection.execute("select payload_sha256, sha256(payload) from marts.activities").fetchall()
        assert sorted(stored for stored, _ in rows) == expected
        assert all(stored == computed for stored, computed in rows)


def test_undocumented_fields_are_a_warning_with_their_number(hostile: Hostile):
    with duckdb.connect(str(hostile[0]), read_only=True) as connection:
        found = drift(connection, DAY + timedelta(days=1))
    names = {name for kind, _, name, *_ in found if kind == "field"}
    assert names >= set(NAMES)
    result = evaluate(found)
    assert (result.holds, result.is_error) == (False, False)
    assert f" {sum(kind == 'field' for kind, *_ in found)} fields" in result.sentence


def test_every_hostile_record_is_a_valid_event_for_a_siem(hostile: Hostile, tmp_path: Path):
    shutil.copyfile(hostile[0], tmp_path / "warehouse.duckdb")
    result = run(
        "siem", tmp_path / "warehouse.duckdb", {"SIEM_PATH": str(tmp_path / "siem"), "SIEM_RAW_DATA": "1"}
    )
    assert result.success
    events = [event for event in events_in(tmp_path / "siem") if "sequence" in event["metadata"]]
    assert sorted(event["raw_data"] for event in events) == sorted(hostile[1])
    assert ocsf.faults(events) == []


def test_pages_on_hostile_records_are_true_and_run_no_script(hostile: Hostile, tmp_path: Path):
    path, records = hostile
    found = verify(path)
    assert (found.activity_count, found.findings) == (len(records), [])
    for one in attest(path, Period(DAY.date(), DAY.date()), tmp_path):
        assert "<script" not in one.markdown.read_text(encoding="utf-8")
    write_review(path.parent / "published" / "compliance.duckdb", tmp_path)
    pages = [page.read_text(encoding="utf-8") for page in tmp_path.glob("*.html")]
    assert pages
    assert all("<script>alert" not in page and "drop table" in page for page in pages)
