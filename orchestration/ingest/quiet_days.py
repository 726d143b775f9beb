"""Reads several quiet days with one request: which days, and which record belongs to which.

A page that is not full and says that there is no more proves all of the time that was asked for, and so each day
of it. The ledger has a row for each day all the same.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec

from orchestration.intervals import DAY, Interval, Kind, Slice, by_day

MAX_DAYS = 366


class _Timed(msgspec.Struct):
    created_at: str


_RECORD, _PAGE = msgspec.json.Decoder(_Timed), msgspec.json.Decoder(list[_Timed])


class QuietDays:
    """How many days of older history to read at once: half a page of them, if all are like the busiest of late."""

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._count = 1
        # How many records each of the last days held. A week has quiet days and busy ones.
        self._received: deque[int] = deque(maxlen=7)

    def take(self, due: deque[Slice]) -> list[Slice]:
        """Take the next slice, and days of older history that continue it, newest first."""
        taken = [due.popleft()]
        while len(taken) < self._count and due and _is_history(taken[-1]) and _is_history(due[0]):
            if due[0].end != taken[-1].start:
                break
            taken.append(due.popleft())
        return taken

    def learn(self, days: Sequence[Slice], received: Sequence[int]) -> None:
        """Record how many records each of these slices held, which were read at once."""
        if not _is_history(days[0]):
            return
        self._received.extend(received)
        busiest = max(self._received)
        fitting = self._page_size // (2 * busiest) if busiest else MAX_DAYS
        self._count = max(min(fitting, len(days) * 4, MAX_DAYS), 1)


def _is_history(one: Slice) -> bool:
    """Whether the slice may be read together with others: a whole day of older history."""
    return one.kind is Kind.BACKFILL and one.late_before is None and one.end - one.start == DAY


def records_by_day(records: Sequence[bytes], within: Interval) -> tuple[dict[Interval, list[bytes]], list[bytes]]:
    """The records of each day of the interval, in feed order, and those without a readable time in it."""
    by_date: dict[date, tuple[Interval, list[bytes]]] = {day.start.date(): (day, []) for day in by_day(within)}
    others: list[bytes] = []
    for record, created_at in zip(records, _created_at(records), strict=True):
        found = by_date.get(created_at.date()) if created_at else None
        if created_at and found and found[0].start <= created_at < found[0].end:
            found[1].append(record)
        else:
            others.append(record)
    return dict(by_date.values()), others


def _created_at(records: Sequence[bytes]) -> list[datetime | None]:
    """When each record was created; None where it does not say so readably."""
    try:
        # Much faster than one by one.
        return [_moment(one) for one in _PAGE.decode(b"[" + b",".join(records) + b"]")]
    except msgspec.MsgspecError:
        return [_moment_of(record) for record in records]


def _moment_of(record: bytes) -> datetime | None:
    try:
        return _moment(_RECORD.decode(record))
    except msgspec.MsgspecError:
        return None


def _moment(record: _Timed) -> datetime | None:
    try:
        moment = datetime.fromisoformat(record.created_at)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
