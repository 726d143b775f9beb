"""Seals: which days are closed, what a seal is computed from, and what a late record does."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.evidence.seals import Sealing, seal_days
from orchestration.intervals import Kind, Slice
from orchestration.warehouse.connection import open_warehouse
from tests.histories import FIRST_DAY, build, land_slice, record


def seal(path: Path) -> list[Sealing]:
    with open_warehouse(path) as connection:
        return seal_days(connection)


def sealed(query) -> list[tuple]:
    return query(
        "select sealed_date, seal_version, activity_count, reason from raw.day_seals order by seal_number"
    )


def sha256(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def chained(rows: Sequence[tuple], ledger: Sequence[tuple]) -> list[tuple]:
    """The rows' own values with the seals that follow from them and from what each covers of the ledger."""
    previous, result = None, []
    for number, (source, day, count, day_sha256) in enumerate(rows, start=1):
        texts = [previous or "", source, str(day), str(count), day_sha256, "", *map(str, ledger[number - 1])]
        seal_sha256 = sha256("\n".join(texts))
        result.append((number, day, count, day_sha256, previous, seal_sha256))
        previous = seal_sha256
    return result


def test_a_seal_is_computed_as_the_documents_say(path: Path, query):
    texts = build(path)
    days = [FIRST_DAY.date() + timedelta(days=n) for n in range(4)]
    hashes = []
    for day in days:
        of_day = sorted((name, sha256(text.decode())) for name, (at, text) in texts.items() if at.date() == day)
        hashes.append(("test", day, len(of_day), sha256(*(one for _, one in of_day))))
    [report] = seal(path)
    ledger = query(
        "select seal_format, last_ingest_seq, last_extract_seq, extract_count, ledger_sha256, last_walk_seq, "
        "walk_count, walks_sha256, merkle_root from raw.day_seals order by seal_number"
    )
    assert [row[5:8] for row in ledger] == [(0, 0, sha256())] * 4
    assert [row[:4] for row in ledger] == [(2, 12, 5, 5), (2, 12, 5, 0), (2, 12, 5, 0), (2, 12, 5, 0)]
    assert query(
        "select seal_number, sealed_date, activity_count, day_sha256, previous_seal_sha256, seal_sha256 "
        "from raw.day_seals order by seal_number"
    ) == chained(hashes, ledger)
    assert [count for _, _, count, _ in hashes] == [3, 3, 0, 3], "the third day is empty, and sealed"
    assert (report.sealed_count, report.resealed_count, report.waiting_count) == (4, 0, 1)
    assert (report.newest_date, report.newest_seal_sha256) == (days[3], chained(hashes, ledger)[-1][-1])


def test_ids_are_ordered_by_their_bytes(path: Path, query):
    names = ["b", "B", "a_", "aé", "a", "ab"]
    records = [record(name, FIRST_DAY) for name in names]
    with open_warehouse(path) as connection:
        land_slice(connection, *records)
        land_slice(connection, start=FIRST_DAY + timedelta(days=1))
    seal(path)
    ordered = sorted(names, key=str.encode)
    expected = sha256(*(hashlib.sha256(records[names.index(name)]).hexdigest() for name in ordered))
    assert query("select day_sha256 from raw.day_seals") == [(expected,)]


def test_a_second_run_seals_nothing(path: Path, query):
    build(path)
    seal(path)
    before = query("from raw.day_seals order by seal_number")
    [report] = seal(path)
    assert (report.sealed_count, report.resealed_count, report.seal_count) == (0, 0, 4)
    assert query("from raw.day_seals order by seal_number") == before


@pytest.mark.parametrize(
    ("after_midnight", "count"), [(timedelta(minutes=60, seconds=59), 0), (timedelta(minutes=61), 1)]
)
def test_a_day_is_closed_when_no_overlap_reaches_it_any_more(
    path: Path, query, after_midnight: timedelta, count: int
):
    with open_warehouse(path) as connection:
        land_slice(connection, record("a", FIRST_DAY))
        next_day = FIRST_DAY + timedelta(days=1)
        land_slice(connection, start=next_day, end=next_day + after_midnight)
    seal(path)
    assert len(sealed(query)) == count


def test_the_overlap_of_the_source_counts(path: Path, query):
    build(path)
    with open_warehouse(path) as connection:
        connection.execute(
            "insert into raw.sources (source, feed_host, settle_seconds, overlap_seconds, last_run_at) "
            "values ('test', 'loopback', 60, 2 * 24 * 3600, current_timestamp)"
        )
    seal(path)
    assert len(sealed(query)) == 2


def test_only_days_that_are_proven_are_sealed(path: Path, query):
    """Left out: a day covered in part, a day not covered, and a day that a failed extract was to read again."""
    build(path, skip=(1,))
    second, third = FIRST_DAY + timedelta(days=1), FIRST_DAY + timedelta(days=3)
    with open_warehouse(path) as connection:
        land_slice(connection, start=second, end=second + timedelta(hours=23))
        land_slice(connection, start=third, end=third + timedelta(hours=1), outcome="failed")
    [report] = seal(path)
    assert [day for day, *_ in sealed(query)] == [FIRST_DAY.date(), (FIRST_DAY + timedelta(days=2)).date()]
    assert report.waiting_count == 3
    with open_warehouse(path) as connection:
        land_slice(connection, start=second + timedelta(hours=23), end=third)
        land_slice(connection, start=third, end=third + timedelta(hours=1))
    [report] = seal(path)
    assert (report.sealed_count, report.waiting_count) == (2, 1)
    assert [day.day for day, *_ in sealed(query)] == [1, 3, 2, 4], "appended, whatever their dates"


def test_a_time_to_come_closes_nothing(path: Path, query):
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with open_warehouse(path) as connection:
        for day in range(3):
            land_slice(connection, start=tomorrow + timedelta(days=day))
    seal(path)
    assert sealed(query) == []


def test_a_late_record_seals_its_day_again_and_the_first_seal_stays(path: Path, query):
    build(path)
    seal(path)
    before = query("from raw.day_seals order by seal_number")
    late = [record(f"late_{n}", FIRST_DAY + timedelta(hours=n)) for n in range(3)]
    time_slice = Slice(Kind.RECONCILE, FIRST_DAY, FIRST_DAY + timedelta(days=1), FIRST_DAY + timedelta(days=1))
    with open_warehouse(path) as connection:
        land_slice(connection, late[0], time_slice=time_slice)
    [report] = seal(path)
    assert (report.sealed_count, report.resealed_count) == (0, 1)
    with open_warehouse(path) as connection:
        land_slice(connection, *late, time_slice=time_slice)
    seal(path)
    assert query("from raw.day_seals order by seal_number")[:4] == before
    assert sealed(query)[4:] == [
        (date(2026, 5, 1), 2, 4, "1 activity arrived late"),
        (date(2026, 5, 1), 3, 6, "2 activities arrived late"),
    ]


def test_sources_have_chains_of_their_own(path: Path, query):
    build(path, source="a")
    build(path, source="b")
    reports = seal(path)
    assert [(one.source, one.sealed_count) for one in reports] == [("a", 4), ("b", 4)]
    assert query(
        "select source, count(*) from raw.day_seals where previous_seal_sha256 is null group by 1 order by 1"
    ) == [("a", 1), ("b", 1)]
    assert query("select count(distinct seal_sha256) from raw.day_seals") == [(8,)]


def test_days_are_hashed_in_ranges_as_in_one(path: Path, query, monkeypatch: pytest.MonkeyPatch):
    build(path)
    with open_warehouse(path) as connection:
        land_slice(connection, record("old", FIRST_DAY - timedelta(days=90)), start=FIRST_DAY - timedelta(days=90))
    whole = path.with_name("whole.duckdb")
    whole.write_bytes(path.read_bytes())
    seal(whole)
    monkeypatch.setattr("orchestration.evidence.day_hash._RANGE_ROWS", 4)
    seal(path)
    with open_warehouse(whole, read_only=True) as connection:
        expected = connection.execute("select seal_sha256 from raw.day_seals order by seal_number").fetchall()
    assert len(expected) == 5
    assert query("select seal_sha256 from raw.day_seals order by seal_number") == expected
