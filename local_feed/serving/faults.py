"""Misbehaviour on demand: which faults exist, and the queue that hands them to matching requests.

What a fault does to a response is in `local_feed.serving.mischief` and `local_feed.serving.wire`.
"""

import threading
from collections.abc import Callable
from typing import Literal, get_args
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from local_feed.instants import to_nanos

Kind = Literal[
    "error",
    "rate_limited",
    "html",
    "hang",
    "latency",
    "reset",
    "reset_in_body",
    "cut_body",
    "broken_json",
    "invalid_utf8",
    "empty_page",
    "same_cursor",
    "cursor_refused",
    "duplicate_in_page",
    "duplicate_across_pages",
    "ends_early",
    "late_activity",
    "changed_record",
    "no_rate_limit_headers",
    "body",
    "bomb",
    "gzip",
    "gzip_cut",
    "headers",
    "no_cursor",
    "out_of_order",
    "outside_range",
    "hold",
    "circle",
    "data_twice",
    "gzip_members",
    "given_cursor",
]
KINDS: tuple[str, ...] = get_args(Kind)
_LATER_PAGES_ONLY = {"same_cursor", "cursor_refused", "duplicate_across_pages"}


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One misbehaviour and the requests it is for.

    `times`: how many matching requests it spoils (0: all, until cleared); `skip`: how many it lets pass
    before. A `hold` is answered when `Faults.release` is called. `pages`: `first` (no cursor), `later` (with
    cursor) or `any`; `contains`: text in the decoded query string; `covers`: a moment (RFC 3339) that lies
    in the time that is asked for. `lifetime`: it spares the first so many pages of each query, as if a
    cursor lived no longer. `status`: for `error` (500 unless given) and `html` (502 unless given);
    `retry_after`: seconds, for `rate_limited` and `error`, absent when None; `should_retry`: sets
    `x-should-retry` where not None; `seconds`: for `latency`, and for `hang` the time after which the
    connection is closed (None: never); `field`: for `changed_record`, the field that disappears; `body`: for
    `body`, the text that takes the place of the answer (200 unless `status` is given); `size`: for `bomb`,
    the bytes that its gzip unpacks to; `message`: for `given_cursor`, the cursor of the next page; `headers`:
    set on the answer whatever the kind (alone: kind `headers`).
    """

    kind: Kind
    times: int = 1
    skip: int = 0
    pages: Literal["any", "first", "later"] = "any"
    contains: str = ""
    covers: str = ""
    lifetime: int = 0
    status: int | None = None
    message: str = ""
    retry_after: float | None = None
    should_retry: bool | None = None
    seconds: float | None = None
    field: str = "actor"
    body: str = ""
    size: int = 16 * 2**20
    headers: dict[str, str] = {}

    def matches(self, query: str) -> bool:
        """Whether this fault is for a request with the given raw query string."""
        has_cursor = "after_id=" in query or "before_id=" in query
        if has_cursor and self.pages == "first":
            return False
        if not has_cursor and (self.pages == "later" or self.kind in _LATER_PAGES_ONLY):
            return False
        return self.contains in unquote_plus(query) and (not self.covers or _covers(query, self.covers))


def _covers(query: str, moment: str) -> bool:
    """Whether the query asks for `[created_at.gte, created_at.lt)`, and the moment lies in it."""
    bounds = dict(parse_qsl(query))
    low, high = bounds.get("created_at.gte"), bounds.get("created_at.lt")
    return bool(low and high) and to_nanos(low) <= to_nanos(moment) < to_nanos(high)


class Faults:
    """The queue of faults. A request meets the first one that matches it.

    What others wait for are events: `wait_until_met` for the faults, `release` for whoever is held.
    """

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Condition()
        self._pages: dict[str, int] = {}
        self._held: list[Callable[[], None]] = []
        self._listeners: list[Callable[[], None]] = []

    def add(self, kind: Kind, times: int = 1, **options: object) -> Fault:
        """Queue a fault for the next `times` matching requests; see `Fault` for the options."""
        fault = msgspec.convert({"kind": kind, "times": times, **options}, Fault)
        with self._lock:
            self._queue.append(fault)
        return fault

    def clear(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._queue.clear()
            self._listeners.clear()

    def pending(self) -> list[Fault]:
        """Faults that still wait for a request."""
        with self._lock:
            return list(self._queue)

    def take(self, query: str) -> Fault | None:
        """The fault that the request with this raw query string meets, counted off."""
        with self._lock:
            page = self._count_page(query)
            for fault in self._queue:
                if not fault.matches(query) or page <= fault.lifetime:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times == 1:
                    self._queue.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
                self._tell_met()
                return fault
            return None

    def _tell_met(self) -> None:
        if not self._queue:
            listeners, self._listeners = self._listeners, []
            for tell in listeners:
                tell()
            self._lock.notify_all()

    def _count_page(self, query: str) -> int:
        """Which page of its query this request asks for, from 1; a request without a cursor begins again."""
        rest = [(name, value) for name, value in parse_qsl(query) if name not in ("after_id", "before_id")]
        walk = repr(rest)
        has_cursor = len(rest) < len(parse_qsl(query))
        self._pages[walk] = self._pages.get(walk, 0) + 1 if has_cursor else 1
        return self._pages[walk]

    def wait_until_met(self, timeout: float = 60.0) -> None:
        """Wait until every queued fault has met all its requests; TimeoutError where that never happens."""
        with self._lock:
            if not self._lock.wait_for(lambda: not self._queue, timeout):
                raise TimeoutError(f"no request met {self._queue}")

    def on_met(self, tell: Callable[[], None]) -> None:
        """Call `tell` once, when every queued fault has met all its requests."""
        with self._lock:
            self._listeners.append(tell)

    def hold(self, let_go: Callable[[], None]) -> None:
        """An answer is being held; `let_go` is called when `release` is."""
        with self._lock:
            self._held.append(let_go)

    def release(self) -> None:
        """Send every answer that is held."""
        with self._lock:
            held, self._held = self._held, []
        for let_go in held:
            let_go()
