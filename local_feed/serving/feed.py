"""The feed without HTTP: answers one request. HTTP is in `local_feed.serving.application`."""

import hashlib
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl

from local_feed.archive import Record
from local_feed.serving import fault_effects
from local_feed.serving.access import Key, authenticate, authorize
from local_feed.serving.arrivals import Arrivals, own_read
from local_feed.serving.errors import Refusal
from local_feed.serving.faults import Fault, Faults
from local_feed.serving.queries import Query, read_query
from local_feed.serving.quota import Quota
from local_feed.timeline import FeedPage, Timeline, join

PATH = "/v1/compliance/activities"
API_VERSION = "2023-06-01"
_REMEMBERED_REQUESTS = 100_000


@dataclass(frozen=True)
class FeedRequest:
    """A request as it arrived; header names in lower case."""

    query: str
    headers: dict[str, str]
    url: str = ""
    ip_address: str | None = None
    path: str = PATH


@dataclass(frozen=True)
class Seen:
    """An answered request: time (epoch seconds), raw query string, headers without the key, status."""

    at: float
    query: str
    parameters: list[tuple[str, str]]
    headers: dict[str, str]
    status: int
    request_id: str | None
    fault: str | None = None
    path: str = PATH


@dataclass
class Answer:
    """The response, and the fault (if any) that is still to be applied to the connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    fault: Fault | None = None


@dataclass
class Feed:
    """The Activity Feed on a timeline. `clock`: returns epoch seconds.

    `organization_ids`: the `org_…` id of each organization, by UUID.
    """

    timeline: Timeline
    arrivals: Arrivals
    keys: dict[str, Key]
    clock: Callable[[], float]
    quota: Quota = field(default_factory=Quota)
    own_reads: bool = True
    faults: Faults = field(default_factory=Faults)
    organization_ids: dict[str, str] = field(default_factory=dict)
    requests: deque[Seen] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_REQUESTS))
    _process: str = field(default_factory=lambda: secrets.token_hex(8))
    _serial: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: FeedRequest) -> Answer:
        """Answer one request for activities, record it, and add its own read to the feed."""
        now = self.clock()
        request_id = self.next_request_id()
        fault = self.faults.take(request.query)
        key: Key | None = None
        self.arrivals.settle(round(now * 1e6))
        try:
            key = authenticate(request.headers.get("x-api-key"), self.keys)
            answer = self._authenticated(request, key, fault, now)
        except Refusal as refusal:
            answer = Answer(refusal.status, {"content-type": "application/json"}, refusal.body())
            if key is not None:
                answer.headers |= self.quota.headers(now)
                if refusal.status == 429:
                    answer.headers["retry-after"] = str(self.quota.retry_after(now))
        self.finish(request, answer, fault, self._report(request, answer, key, request_id, now), request_id, now)
        return answer

    def _report(
        self, request: FeedRequest, answer: Answer, key: Key | None, request_id: str, now: float
    ) -> Record | None:
        if key is None:
            return None
        return own_read(
            now=round(now * 1e6),
            key=key,
            request_id=request_id,
            status=answer.status,
            url=request.url,
            user_agent=request.headers.get("user-agent"),
            ip_address=request.ip_address,
        )

    def _authenticated(self, request: FeedRequest, key: Key, fault: Fault | None, now: float) -> Answer:
        if fault is not None and (replacement := fault_effects.replacement(fault)) is not None:
            status, headers, body = replacement
            if fault.kind != "html":
                headers |= self.quota.headers(now)
            return Answer(status, headers, body)
        authorize(key)
        if not self.quota.spend(now):
            raise Refusal(429, "this request would exceed the organization's rate limit; wait and try again")
        version = request.headers.get("anthropic-version")
        if version != API_VERSION:
            raise Refusal(400, f"anthropic-version: header is required and must be {API_VERSION}")
        try:
            parameters = parse_qsl(request.query, keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Refusal(400, "the query string is not valid UTF-8") from error
        query = read_query(parameters, key.organization)
        headers = {"content-type": "application/json", **self.quota.headers(now)}
        return Answer(200, headers, self._body(query, dict(parameters), fault))

    def _body(self, query: Query, parameters: dict[str, str], fault: Fault | None) -> bytes:
        if fault is not None:
            fault_effects.refuse_cursor(fault)
        page = self._page(query)
        if fault is not None:
            page = fault_effects.spoil_page(fault, query, page, self.timeline)
        envelope: dict[str, object] = {
            "has_more": page.has_more,
            "first_id": query.cursor(page.first),
            "last_id": query.cursor(page.last),
        }
        if fault is not None:
            fault_effects.spoil_envelope(fault, parameters.get("after_id"), envelope)
        tail = json.dumps(envelope, separators=(",", ":")).encode()
        body = b"".join((b'{"data":[', join(self.timeline.texts(page)), b"],", tail[1:]))
        if fault is not None:
            body = fault_effects.spoil_text(fault, body)
            fault_effects.change_history(fault, page, self.timeline, self._serial)
        return body

    def _page(self, query: Query) -> FeedPage:
        if query.before is not None:
            page = self.timeline.page(
                query.selection, query.limit, start=query.before, descending=not query.descending
            )
            return page.backwards()
        return self.timeline.page(query.selection, query.limit, start=query.after, descending=query.descending)

    def next_request_id(self) -> str:
        """A new `request-id`."""
        with self._lock:
            self._serial += 1
            # Ids must not repeat after a restart: own reads are recognised by them.
            return "req_011C" + hashlib.sha256(f"{self._process} {self._serial}".encode()).hexdigest()[:20]

    def finish(
        self,
        request: FeedRequest,
        answer: Answer,
        fault: Fault | None,
        report: Record | None,
        request_id: str,
        now: float,
    ) -> None:
        """Record an answered request. `report`: the activity that reports it, if reads are reported."""
        kind = fault.kind if fault is not None else None
        without_id = kind in ("html", "reset", "hang")
        answer.fault = fault
        answer.headers["date"] = formatdate(now, usegmt=True)
        if kind == "no_rate_limit_headers":
            for name in [name for name in answer.headers if name.startswith("anthropic-ratelimit-")]:
                del answer.headers[name]
        if not without_id:
            answer.headers["request-id"] = request_id
        if fault is not None:
            answer.body = fault_effects.wrap(fault, answer.headers, answer.body)
        if self.own_reads and report is not None and not without_id:
            self.arrivals.expect(report)
        headers = {name: value for name, value in request.headers.items() if name != "x-api-key"}
        parameters = parse_qsl(request.query, keep_blank_values=True, errors="replace")
        seen_id = None if without_id else request_id
        seen = Seen(now, request.query, parameters, headers, answer.status, seen_id, kind, request.path)
        self.requests.append(seen)
