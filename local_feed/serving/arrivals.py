"""Activities that arrive while the server runs: own reads and live growth, visible after the indexing delay."""

import hashlib
import heapq
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from local_feed.archive import Record, read_record
from local_feed.instants import to_text
from local_feed.serving.access import Key
from local_feed.timeline import Timeline

Growth = Callable[[int, int], list[Record]]
"""Gives the activities that happen in `[since, until)` (microseconds)."""


@dataclass
class Arrivals:
    """Adds new activities to a timeline once they are `delay` seconds old."""

    timeline: Timeline
    delay: float = 0.0
    growth: Growth | None = None
    grown_until: int = 0
    _waiting: list[tuple[int, int, Record]] = field(default_factory=list)
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, record: Record) -> None:
        """Add `record` when its time and the delay have passed."""
        with self._lock:
            self._push(record)

    def settle(self, now: int) -> None:
        """Add everything that is due at `now` (microseconds) to the timeline."""
        with self._lock:
            if self.growth is not None and now > self.grown_until:
                for record in self.growth(self.grown_until, now):
                    self._push(record)
                self.grown_until = now
            while self._waiting and self._waiting[0][0] <= now:
                self.timeline.add(heapq.heappop(self._waiting)[2])

    def _push(self, record: Record) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (record.at + round(self.delay * 1e6), self._count, record))


def own_read(
    *, now: int, key: Key, request_id: str, status: int, url: str, user_agent: str | None, ip_address: str | None
) -> Record:
    """The `compliance_api_accessed` activity of one read of the feed."""
    digest = hashlib.sha256(f"own read {request_id}".encode()).hexdigest()
    activity = {
        "id": f"activity_01{digest[:22]}",
        "created_at": to_text(now),
        "organization_id": None,
        "organization_uuid": None,
        "actor": {
            "type": "api_actor",
            "api_key_id": key.acts_as,
            "ip_address": ip_address,
            "user_agent": user_agent,
        },
        "type": "compliance_api_accessed",
        "request_id": request_id,
        "request_method": "GET",
        "status_code": status,
        "url": url,
    }
    return read_record(json.dumps(activity, ensure_ascii=False, separators=(",", ":")).encode())
