"""Reads several quiet days with one request: which days, and which record belongs to which.

A page that is not full and says that there is no more proves all of the time that was asked for, and so each day
of it. The ledger has a row for each day all the same.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from orchestration.intervals import DAY, Interval, Kind, Slice, by_day

MAX_DAYS = 366


class _Timed(msgspec.Struct):
    created_at: str


_DECODER = msgspec.json.Decoder(_Timed)


class QuietDays:
    """How many days of older history are read at once: more where they hold few records, one where many."""

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._count = 1

    def take(self, due: deque[Slice]) -> list[Slice]:
        """Take the next slice, and days of older history that continue it, newest first."""
        taken = [due.popleft()]
        while len(taken) < self._count and due and _is_history(taken[-1]) and _is_history(due[0]):
            if due[0].end != taken[-1].start:
                break
            taken.append(due.popleft())
        return taken

    def learn(self, days: Sequence[Slice], received: int) -> None:
        """Record how many records these slices, read at once, held."""
        if not _is_history(days[0]):
            return
        if received <= self._page_size // 8:
            self._count = min(len(days) * 4, MAX_DAYS)
        elif received > self._page_size // 2:
            self._count = max(len(days) // 4, 1)


def _is_history(one: Slice) -> bool:
    """Whether the slice may be read together with others: a whole day of older history."""
    return one.kind is Kind.BACKFILL and one.late_before is None and one.end - one.start == DAY


def records_by_day(records: Iterable[bytes], within: Interval) -> tuple[dict[Interval, list[bytes]], list[bytes]]:
    """The records of each day of the interval, in feed order, and those without a readable time in it."""
    days: dict[Interval, list[bytes]] = {day: [] for day in by_day(within)}
    by_date = {day.start.date(): day for day in days}
    others: list[bytes] = []
    for record in records:
        created_at = _created_at(record)
        day = by_date.get(created_at.date()) if created_at else None
        if created_at is None or day is None or not day.start <= created_at < day.end:
            others.append(record)
        else:
            days[day].append(record)
    return days, others


def _created_at(record: bytes) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_DECODER.decode(record).created_at)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return None
