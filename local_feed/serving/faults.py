"""The kinds of faults, and the queue that assigns them to matching requests.

What a fault does to a response is in `local_feed.serving.fault_effects` and `local_feed.serving.wire`.
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
DirectoryKind = Literal["empty_list", "short_page", "null_field"]
DIRECTORY_KINDS: tuple[str, ...] = get_args(DirectoryKind)
"""Kinds that only lists of the directory have. Most of the others work there as well."""
_CURSORS = {False: ("after_id", "before_id"), True: ("after_id", "before_id", "page")}
"""The parameters that ask for another page than the first, of the feed and of the directory."""
_LATER_PAGES_ONLY = {"same_cursor", "cursor_refused", "duplicate_across_pages"}


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault and the requests that it applies to.

    `path`: text in the path of requests for the directory ("/" for all of them); "" is for the feed only.
    `times`: how many matching requests it affects (0: all, until cleared); `skip`: how many pass before.
    `pages`: `first` (no cursor), `later` (with cursor) or `any`; `contains`: text in the decoded query string;
    `covers`: a time (RFC 3339) within the requested interval; `lifetime`: the number of first pages of each query
    that are not affected, as if cursors expired after them.
    `status`: of `error` (default 500), `html` (default 502) and `body` (default 200); `retry_after`: seconds, for
    `rate_limited` and `error` (None: no header); `should_retry`: value of `x-should-retry` (None: no header);
    `seconds`: of `latency`, and after which a `hang` closes the connection (None: never); `field`: the field that
    `changed_record` removes and `null_field` sets to null; `body`: the text that `body` sends;
    `size`: unpacked bytes of a `bomb`; `message`: of `given_cursor`, the cursor of the next page;
    `headers`: set on the response with any kind (the kind `headers` does only this).
    A `hold` is answered when `Faults.release` is called.
    """

    kind: Kind | DirectoryKind
    path: str = ""
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

    def matches(self, query: str, path: str = "") -> bool:
        """Whether this fault applies to a request with the given raw query string. `path`: "" for the feed."""
        if bool(path) != bool(self.path) or self.path not in path:
            return False
        has_cursor = any(f"{name}=" in query for name in _CURSORS[bool(path)])
        if has_cursor and self.pages == "first":
            return False
        if not has_cursor and (self.pages == "later" or self.kind in _LATER_PAGES_ONLY):
            return False
        return self.contains in unquote_plus(query) and (not self.covers or _covers(query, self.covers))


def _covers(query: str, moment: str) -> bool:
    """Whether the query has `created_at.gte` and `created_at.lt`, and the time is between them."""
    bounds = dict(parse_qsl(query))
    low, high = bounds.get("created_at.gte"), bounds.get("created_at.lt")
    return bool(low and high) and to_nanos(low) <= to_nanos(moment) < to_nanos(high)


class Faults:
    """The queue of faults. The first fault that matches a request is applied to it.

    Tests wait with `wait_until_met` until the faults have been applied, and free held requests with `release`.
    """

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Condition()
        self._pages: dict[str, int] = {}
        self._held: list[Callable[[], None]] = []
        self._listeners: list[Callable[[], None]] = []

    def add(self, kind: Kind | DirectoryKind, times: int = 1, **options: object) -> Fault:
        """Queue a fault for the next `times` matching requests; see `Fault` for the options."""
        fault = msgspec.convert({"kind": kind, "times": times, **options}, Fault)
        with self._lock:
            self._queue.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults and listeners."""
        with self._lock:
            self._queue.clear()
            self._listeners.clear()

    def pending(self) -> list[Fault]:
        """Faults that have not been applied to all their requests yet."""
        with self._lock:
            return list(self._queue)

    def take(self, query: str, path: str = "") -> Fault | None:
        """The fault for the request with this raw query string, counted as applied; None without one.

        `path`: of a request for the directory; "" for the feed.
        """
        with self._lock:
            page = self._count_page(query, path)
            for fault in self._queue:
                if not fault.matches(query, path) or page <= fault.lifetime:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times == 1:
                    self._queue.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
                self._notify_met()
                return fault
            return None

    def _notify_met(self) -> None:
        if not self._queue:
            listeners, self._listeners = self._listeners, []
            for listener in listeners:
                listener()
            self._lock.notify_all()

    def _count_page(self, query: str, path: str) -> int:
        """The number of the requested page in its query, from 1. A request without a cursor starts again."""
        rest = [(name, value) for name, value in parse_qsl(query) if name not in _CURSORS[bool(path)]]
        query_key = path + repr(rest)
        has_cursor = len(rest) < len(parse_qsl(query))
        self._pages[query_key] = self._pages.get(query_key, 0) + 1 if has_cursor else 1
        return self._pages[query_key]

    def wait_until_met(self, timeout: float = 60.0) -> None:
        """Wait until every queued fault has been applied to all its requests.

        Raises:
            TimeoutError: that did not happen in time.
        """
        with self._lock:
            if not self._lock.wait_for(lambda: not self._queue, timeout):
                raise TimeoutError(f"no request met {self._queue}")

    def on_met(self, listener: Callable[[], None]) -> None:
        """Call `listener` once, when every queued fault has been applied to all its requests."""
        with self._lock:
            self._listeners.append(listener)

    def hold(self, send: Callable[[], None]) -> None:
        """Register a held answer; `release` calls `send`."""
        with self._lock:
            self._held.append(send)

    def release(self) -> None:
        """Send all held answers."""
        with self._lock:
            held, self._held = self._held, []
        for send in held:
            send()
