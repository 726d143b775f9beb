"""Which slices are due, from what is covered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.feed.plan import find_start, plan_refresh
from orchestration.slices import Interval, Kind, Slice, gaps

HOUR = timedelta(hours=1)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def test_an_empty_ledger_makes_every_day_a_backfill_slice_newest_first():
    due = plan_refresh([], at(1), at(3, 12), HOUR)
    assert due == [
        Slice(Kind.BACKFILL, at(3), at(3, 12)),
        Slice(Kind.BACKFILL, at(2), at(3)),
        Slice(Kind.BACKFILL, at(1), at(2)),
    ]


def test_the_tail_reaches_back_by_the_overlap_and_knows_what_is_late():
    due = plan_refresh([Interval(at(1), at(3, 9))], at(1), at(3, 12), HOUR)
    assert due == [Slice(Kind.INCREMENTAL, at(3, 8), at(3, 12), late_before=at(3, 9))]


def test_an_overlap_across_midnight_is_cut_at_midnight():
    due = plan_refresh([Interval(at(1), at(3, 0, 30))], at(1), at(3, 1), HOUR)
    assert due == [
        Slice(Kind.INCREMENTAL, at(3), at(3, 1), late_before=at(3, 0, 30)),
        Slice(Kind.INCREMENTAL, at(2, 23, 30), at(3), late_before=at(3)),
    ]


def test_the_overlap_does_not_reach_into_a_gap():
    covered = [Interval(at(1), at(2)), Interval(at(3, 8, 30), at(3, 9))]
    due = plan_refresh(covered, at(1), at(3, 12), HOUR)
    assert due == [
        Slice(Kind.INCREMENTAL, at(3, 8, 30), at(3, 12), late_before=at(3, 9)),
        Slice(Kind.BACKFILL, at(3), at(3, 8, 30)),
        Slice(Kind.BACKFILL, at(2), at(3)),
    ]


def test_nothing_is_due_when_the_horizon_is_covered():
    assert plan_refresh([Interval(at(1), at(3))], at(1), at(2, 23), HOUR) == []


def test_an_earlier_start_opens_a_gap_before_covered_time():
    due = plan_refresh([Interval(at(2), at(3))], at(1), at(3), HOUR)
    assert due == [Slice(Kind.BACKFILL, at(1), at(2))]


def test_slices_and_coverage_together_leave_no_gap():
    covered = [Interval(at(1, 3), at(1, 4)), Interval(at(2), at(2, 7))]
    due = plan_refresh(covered, at(1), at(4, 5, 30), HOUR)
    after = covered + [Interval(one.start, one.end) for one in due]
    assert gaps(Interval(at(1), at(4, 5, 30)), after) == []
    assert all(one.start.date() == (one.end - timedelta(microseconds=1)).date() for one in due)


@pytest.mark.parametrize("first", [at(1), at(1, 0, 1), at(9, 23, 59), datetime(2019, 2, 28, 5, tzinfo=UTC)])
def test_history_begins_on_the_day_of_the_first_activity(first: datetime):
    asked = []

    async def anything_before(moment: datetime) -> bool:
        asked.append(moment)
        return first < moment

    start = asyncio.run(find_start(anything_before, [], at(10, 12)))
    assert start <= first < start + timedelta(days=1)
    assert len(asked) < 20


def test_a_known_beginning_costs_one_question():
    asked = []

    async def anything_before(moment: datetime) -> bool:
        asked.append(moment)
        return False

    assert asyncio.run(find_start(anything_before, [Interval(at(2, 5), at(3))], at(4))) == at(2, 5)
    assert len(asked) == 1


def test_an_older_activity_than_the_covered_ones_moves_the_start():
    async def anything_before(moment: datetime) -> bool:
        return at(1, 6) < moment

    assert asyncio.run(find_start(anything_before, [Interval(at(2), at(3))], at(4))) == at(1)


def test_an_empty_feed_begins_today():
    async def anything_before(moment: datetime) -> bool:
        return False

    assert asyncio.run(find_start(anything_before, [], at(4, 7))) == at(4)
