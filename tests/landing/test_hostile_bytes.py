"""Any JSON object around an id and a time is stored as it was served: the same bytes, under their own hash."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.api import body
from orchestration.landing.land import land
from orchestration.warehouse.schema import create_schema
from tests.histories import chunk_of, extract_of

DAY = datetime(2026, 5, 1, tzinfo=UTC)
# Bounded and always the same examples, so that a build never fails by chance.
FEW = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
# JSON can escape half of a surrogate pair; bytes cannot.
ESCAPED = st.text(st.characters(codec=None), max_size=30)
PLAIN = st.text(max_size=30)
NUMBERS = st.sampled_from(["1e400", "-1E-400", "-0", "0.10", "9" * 400, "12345678901234567890"])


def documents(texts: st.SearchStrategy[str], is_ascii: bool) -> st.SearchStrategy[str]:
    """JSON text of any shape; a name may stand in an object twice."""

    def as_json(value: Any) -> str:
        return json.dumps(value, ensure_ascii=is_ascii)

    def object_of(pairs: list[tuple[str, str]]) -> str:
        return "{" + ",\n ".join(f"{as_json(name)} : {value}" for name, value in pairs) + "}"

    scalars = texts.map(as_json) | NUMBERS | (st.none() | st.booleans() | st.integers()).map(as_json)
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
            | st.lists(st.tuples(texts, inner), max_size=4).map(object_of)
        ),
        max_leaves=12,
    )


def fields(texts: st.SearchStrategy[str], is_ascii: bool) -> st.SearchStrategy[list[str]]:
    """Fields as JSON text, among them those of the envelope with anything in them."""
    names = st.sampled_from(["type", "actor", "organization_id", "organization_uuid"]) | texts.filter(
        lambda name: name not in ("id", "created_at")
    )
    one = st.tuples(names, documents(texts, is_ascii)).map(
        lambda pair: f"{json.dumps(pair[0], ensure_ascii=is_ascii)}:{pair[1]}"
    )
    return st.lists(one, max_size=5)


RECORDS = st.lists(fields(ESCAPED, is_ascii=True) | fields(PLAIN, is_ascii=False), min_size=1, max_size=8)


SOURCES = (f"source {number}" for number in itertools.count())


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory for all examples: each lands under a source of its own."""
    with duckdb.connect() as opened:
        opened.execute("set TimeZone = 'UTC'")
        create_schema(opened)
        yield opened


def land_and_read(connection: duckdb.DuckDBPyConnection, records: list[bytes]) -> list[tuple[str, str, str]]:
    """What is stored of the records: ids, payloads, hashes, in feed order."""
    chunk = chunk_of(*records, extract=extract_of(source=next(SOURCES)))
    land(connection, [chunk])
    return connection.execute(
        "select activity_id, payload, payload_sha256 from raw.activities where source = ? order by ingest_seq",
        [chunk.extract.source],
    ).fetchall()


@FEW
@given(served=RECORDS)
def test_what_is_served_is_what_is_stored(connection: duckdb.DuckDBPyConnection, served: list[list[str]]):
    envelopes = [
        [f'"id":"activity_{n}"', '"created_at":"2026-05-01T10:00:00Z"', *rest] for n, rest in enumerate(served)
    ]
    records = ["{" + ", ".join(reversed(parts)) + "}" for parts in envelopes]
    page = body.cut(f'{{"data": [{" ,".join(records)}], "has_more": false}}'.encode())
    assert [bytes(one) for one in page.data] == [record.encode() for record in records]
    assert land_and_read(connection, [bytes(one) for one in page.data]) == [
        (f"activity_{n}", record, hashlib.sha256(record.encode()).hexdigest()) for n, record in enumerate(records)
    ]


@FEW
@given(name=documents(PLAIN, is_ascii=False), at=documents(PLAIN, is_ascii=False))
def test_any_id_and_any_time_is_stored_whole_or_kept_aside_whole(
    connection: duckdb.DuckDBPyConnection, name: str, at: str
):
    whole = f'{{"id":{name},"created_at":"2026-05-01T10:00:00Z"}}', f'{{"id":"a","created_at":{at}}}'
    for record in (one.encode() for one in whole):
        chunk = chunk_of(record, extract=extract_of(source=next(SOURCES)))
        land(connection, [chunk])
        payloads = connection.execute(
            "select payload from raw.activities where extract_id = $extract_id union all "
            "select payload from raw.quarantined_records where extract_id = $extract_id",
            {"extract_id": chunk.extract.extract_id},
        ).fetchall()
        assert [payload.encode() for (payload,) in payloads] == [record]


@FEW
@given(text=st.binary(max_size=200) | documents(PLAIN, is_ascii=False).map(str.encode))
def test_any_body_is_a_page_or_refused_on_one_line(text: bytes):
    for whole in (text, b'{"data":[' + text + b'],"has_more":false}'):
        refused = ""
        try:
            cut = [bytes(record) for record in body.cut(whole).data]
        except body.Unreadable as error:
            cut, refused = [], str(error)
        assert all(record in whole for record in cut)
        assert "\n" not in refused
