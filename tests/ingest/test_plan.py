"""Which slices are due, from what is covered."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.ingest.plan import Reconciliation, can_wait, find_start, plan_reconcile, plan_refresh
from orchestration.intervals import DAY, CoveredDay, Interval, Kind, Slice, gaps

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
        Slice(Kind.BACKFILL, at(3), at(3, 8, 30), late_before=at(2)),
        Slice(Kind.BACKFILL, at(2), at(3), late_before=at(2)),
        Slice(Kind.BACKFILL, at(1, 23), at(2), late_before=at(2)),
    ]


def test_a_hole_that_a_run_left_when_it_ended_early_is_looked_back_from_too():
    """Newest first: today was stored, and the run was killed before yesterday's end, which held the overlap."""
    covered = [Interval(at(1), at(2, 23, 30)), Interval(at(3), at(3, 1))]
    due = plan_refresh(covered, at(1), at(3, 1), timedelta(hours=2))
    assert due == [Slice(Kind.BACKFILL, at(2, 21, 30), at(3), late_before=at(2, 23, 30))]


def test_what_failed_is_repeated_up_to_the_horizon_alone():
    """The clock was ahead, or the settle delay shorter: a longer extract would prove time still to come."""
    due = plan_refresh([Interval(at(1), at(2))], at(1), at(2, 9), HOUR, [Interval(at(2), at(2, 12))])
    assert due == [
        Slice(Kind.INCREMENTAL, at(2), at(2, 9), late_before=at(2)),
        Slice(Kind.INCREMENTAL, at(1, 23), at(2), late_before=at(2)),
    ]


def test_what_failed_before_a_start_that_was_moved_is_repeated_and_nothing_in_it_is_late():
    covered = [Interval(at(5), at(6))]
    due = plan_refresh(covered, at(5), at(6), HOUR, [Interval(at(2), at(3)), Interval(at(5, 3), at(5, 4))])
    assert due == [
        Slice(Kind.RECONCILE, at(5, 3), at(5, 4), late_before=at(5, 4)),
        Slice(Kind.BACKFILL, at(2), at(3)),
    ]
    assert not can_wait(due[0], covered)


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


def test_older_history_can_wait_and_a_gap_cannot():
    covered = [Interval(at(3), at(4)), Interval(at(5), at(6))]
    due = plan_refresh(covered, at(1), at(6, 1), HOUR)
    assert [(one.start.day, can_wait(one, covered)) for one in due] == [
        (6, False), (5, False), (4, False), (3, False), (2, True), (1, True)
    ]  # fmt: skip
    assert all(can_wait(one, []) for one in plan_refresh([], at(1), at(3), HOUR))


def reconcile(days: list[CoveredDay], **changes) -> Reconciliation:
    settings = {"recent_days": 2, "every": 10 * DAY, "requests": 100, "page_size": 10} | changes
    return plan_reconcile(days, at(31), **settings)


def covered_day(day: int, extracted: int, records: int = 0) -> CoveredDay:
    return CoveredDay(Interval(at(day), at(day) + DAY), at(extracted), records)


def test_the_last_days_and_what_is_covered_of_today_are_read_again_each_night():
    today = CoveredDay(Interval(at(30), at(30, 5)), at(30, 5), 3)
    plan = reconcile([covered_day(27, 28), covered_day(28, 29), covered_day(29, 30), today])
    assert plan.recent == [
        Slice(Kind.RECONCILE, at(30), at(30, 5), late_before=at(30, 5)),
        Slice(Kind.RECONCILE, at(29), at(30), late_before=at(30)),
        Slice(Kind.RECONCILE, at(28), at(29), late_before=at(29)),
    ]
    assert [one.start.day for one in plan.older] == [27]


def test_an_even_share_of_older_days_has_its_turn_least_recently_read_first():
    days = [
        covered_day(day, extracted) for day, extracted in zip(range(1, 26), [*range(29, 24, -1)] * 5, strict=True)
    ]
    plan = reconcile([*days, covered_day(28, 29), covered_day(29, 30)])
    assert [one.start.day for one in plan.older] == [25, 20, 15]
    assert plan.nights == 9


def test_what_was_never_read_in_full_or_has_waited_too_long_is_due_at_once():
    days = [covered_day(1, 30), covered_day(2, 20), covered_day(3, 21), covered_day(4, 22), covered_day(5, 6)]
    plan = reconcile([*days, covered_day(28, 29), covered_day(29, 30)])
    assert [one.start.day for one in plan.older] == [5, 2, 3]


def test_older_days_keep_to_the_requests_of_the_night_but_for_one():
    days = [covered_day(day, 9, 25) for day in range(1, 9)]
    ends = [covered_day(28, 29), covered_day(29, 30)]
    assert len(reconcile([*days, *ends], requests=6).older) == 2
    assert len(reconcile([*days, *ends], requests=1).older) == 1
    assert reconcile([*days, *ends], requests=1).nights == 24


def test_in_turn_every_day_is_read_again_within_the_time():
    extracted = dict.fromkeys(range(1, 26), -1)
    for night in range(10):
        days = [CoveredDay(Interval(at(day), at(day) + DAY), at(1) + n * DAY, 0) for day, n in extracted.items()]
        ends = [CoveredDay(Interval(at(31), at(31) + DAY), at(31), 0)]
        plan = plan_reconcile(
            days + ends, at(1) + night * DAY, recent_days=1, every=10 * DAY, requests=100, page_size=10
        )
        extracted |= {one.start.day: night for one in plan.older}
    assert min(extracted.values()) >= 0


def test_nothing_covered_gives_nothing_to_read_again():
    assert reconcile([]) == Reconciliation([], [], 0)


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
