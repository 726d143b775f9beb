"""Renders a chronicle and everyday activities as the records of a history, day by day, newest first."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

from local_feed.archive import Facet, Record, RenderedHistory, read_record, write_archive
from local_feed.history import credentials, crowd, endings, incidents, membership, oddities, spaces, tour
from local_feed.history.cast import Cast
from local_feed.history.chronicle import Chronicle, Event
from local_feed.history.everyday import Everyday
from local_feed.history.ids import number, opaque
from local_feed.instants import DAY, to_micros, to_text

DEFAULT_START = "2025-05-01T00:00:00Z"
DEFAULT_END = "2026-10-31T23:59:59Z"
MIN_SIZE = 1_000
MIN_DAYS = 30
_WEEKEND = 0.12
_EVERY_ACTOR_FROM = 20_000


class History:
    """A history of exactly `size` activities between `start` and `end` (RFC 3339).

    The same four values always give the same bytes.
    """

    def __init__(self, seed: int, size: int, start: str = DEFAULT_START, end: str = DEFAULT_END) -> None:
        if size < MIN_SIZE:
            raise ValueError(f"a history has at least {MIN_SIZE} activities")
        self.seed, self.size = seed, size
        self.start, self.end = to_micros(start), to_micros(end)
        if self.end - self.start < MIN_DAYS * DAY:
            raise ValueError(f"a history spans at least {MIN_DAYS} days")
        self.cast = Cast(seed)

    @cached_property
    def chronicle(self) -> Chronicle:
        """What the stories record. The main stories are always the same; a larger history has more people."""
        membership.introduce(self.cast, self.start)
        endings.introduce(self.cast, self.start)
        c = Chronicle(self.cast, self.start, self.end)
        for stories in (membership, credentials, spaces, endings, oddities):
            stories.record_stories(c)
        if self.size >= incidents.MIN_SIZE:
            incidents.record_stories(c)
        tour.record_stories(c)
        if self.size >= _EVERY_ACTOR_FROM:
            tour.record_stories(c, every_actor=True)
        crowd.record_stories(c, crowd.size_of(self.size))
        return c

    @cached_property
    def everyday(self) -> Everyday:
        """Everyday activities around the stories."""
        return Everyday(self.chronicle)

    def batches(self) -> Iterator[list[Record]]:
        """All records, newest first, one UTC day at a time."""
        by_day: dict[int, list[Record]] = defaultdict(list)
        for record in self._story_records():
            by_day[record.at // DAY].append(record)
        days = self._days()
        for (begin, end), count in zip(reversed(days), reversed(self._shares(days)), strict=True):
            records = by_day.pop(begin // DAY, []) + self.everyday.day(begin, end, count)
            records.sort(key=lambda record: record[:2], reverse=True)
            yield records

    def archive(self, directory: Path) -> RenderedHistory:
        """The history on disk under `directory`. Renders it if it is not there."""
        path = directory / f"history-{self.size}-{self._fingerprint()}"
        if not path.is_dir():
            write_archive(path, self.batches())
        return RenderedHistory(path)

    def growth(self, per_minute: float, since: int, until: int) -> list[Record]:
        """Live activities in `[since, until)` (microseconds), at a rate of `per_minute`."""
        period = round(60_000_000 / per_minute)
        moments = [
            (n * period + number(period, self.seed, "live", n), n)
            for n in range(since // period - 1, until // period + 1)
        ]
        return [self.everyday.one(at, n) for at, n in moments if since <= at < until]

    def _story_records(self) -> list[Record]:
        records = [self._write(event, n) for n, event in enumerate(self.chronicle.events)]
        if len(records) > self.size:
            raise ValueError(f"the stories alone are {len(records)} activities, more than {self.size}")
        return records

    def _write(self, event: Event, n: int) -> Record:
        if event.raw is not None:
            return read_record(event.raw.encode())
        place = event.organization
        ids = (place.id, place.uuid) if place else (None, None)
        content: dict[str, object] = {
            "id": opaque("activity", self.seed, "story", n),
            "created_at": to_text(event.at, 6 if event.digits is None else event.digits),
            "organization_id": ids[0],
            "organization_uuid": ids[1],
            "actor": event.actor,
            "type": event.kind,
            **event.fields,
        }
        if n % 11 == 5:
            content = {"type": event.kind, **content}
        spaced = n % 7 == 3
        text = json.dumps(content, ensure_ascii=spaced, separators=(", ", ": ") if spaced else (",", ":"))
        user_id = event.actor.get("user_id")
        facet = Facet(event.kind, *ids, user_id if isinstance(user_id, str) else None)
        return Record(event.at, str(content["id"]), facet, text.encode())

    def _days(self) -> list[tuple[int, int]]:
        edges = [self.start, *range(self.start - self.start % DAY + DAY, self.end, DAY), self.end]
        return list(pairwise(edges))

    def _shares(self, days: list[tuple[int, int]]) -> list[int]:
        """How many everyday activities each day has: few at weekends, more as time goes by."""
        weights = []
        for n, (begin, end) in enumerate(days):
            is_weekend = datetime.fromtimestamp(begin // 1_000_000, UTC).weekday() >= 5
            weights.append((_WEEKEND if is_weekend else 1) * (0.6 + n / len(days)) * (end - begin) / DAY)
        left, total = self.size - len(self.chronicle.events), sum(weights)
        reached = [round(left * part / total) for part in accumulate(weights)]
        return [after - before for before, after in pairwise([0, *reached])]

    def _fingerprint(self) -> str:
        """A hash of the parameters and the rendering code, so that an outdated cache is not used."""
        digest = hashlib.sha256(f"{self.seed} {self.size} {self.start} {self.end}".encode())
        for path in sorted([*Path(__file__).parent.glob("*.py"), Path(__file__).parent.parent / "archive.py"]):
            digest.update(path.read_bytes())
        digest.update((Path(__file__).parent.parent / "activity_types.json").read_bytes())
        return digest.hexdigest()[:16]
