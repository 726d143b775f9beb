"""Misbehaviour on demand: which faults exist, and the queue that hands them to matching requests.

What a fault does to a response is in `local_feed.serving.mischief` and `local_feed.serving.wire`.
"""

import threading
from typing import Literal, get_args
from urllib.parse import unquote_plus

import msgspec

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
]
KINDS: tuple[str, ...] = get_args(Kind)
_LATER_PAGES_ONLY = {"same_cursor", "cursor_refused", "duplicate_across_pages"}


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One misbehaviour and the requests it is for.

    `times`: how many matching requests it spoils (0: all, until cleared); `skip`: how many it lets pass
    before. `pages`: `first` (no cursor), `later` (with cursor) or `any`; `contains`: text in the decoded
    query string. `status`: for `error` (500 unless given) and `html` (502 unless given); `retry_after`:
    seconds, for `rate_limited` and `error`, absent when None; `should_retry`: sets `x-should-retry` where
    not None; `seconds`: for `latency`, and for `hang` the time after which the connection is closed (None:
    never); `field`: for `changed_record`, the field that disappears; `body`: for `body`, the text that takes the
    place of the answer (200 unless `status` is given); `size`: for `bomb`, the bytes that its gzip unpacks to;
    `headers`: set on the answer whatever the kind (alone: kind `headers`).
    """

    kind: Kind
    times: int = 1
    skip: int = 0
    pages: Literal["any", "first", "later"] = "any"
    contains: str = ""
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
        return self.contains in unquote_plus(query)


class Faults:
    """The queue of faults. A request meets the first one that matches it."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Lock()

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

    def pending(self) -> list[Fault]:
        """Faults that still wait for a request."""
        with self._lock:
            return list(self._queue)

    def take(self, query: str) -> Fault | None:
        """The fault that the request with this raw query string meets, counted off."""
        with self._lock:
            for fault in self._queue:
                if not fault.matches(query):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times == 1:
                    self._queue.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
                return fault
            return None
