"""One page of the Activity Feed: authentication, time limits, retries, budget.

What a sequence of pages proves is decided in `walk`. The rules are those of the API's public documentation:
which errors to retry, for how long to wait, which headers to heed.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx
import msgspec
import tenacity
from pydantic import SecretStr

from orchestration import PRODUCT, __version__
from orchestration.feed.budget import RequestBudget
from orchestration.feed.errors import FeedProtocolError, FeedUnavailable, KeyRefused, WrongAddress
from orchestration.slices import rfc3339

PATH = "/v1/compliance/activities"
API_VERSION = "2023-06-01"
RETRYABLE_STATUSES = frozenset({429, 500, 502, 503, 504, 529})
MAX_WAIT_SECONDS = 60.0
# A `retry-after` beyond this is an outage: the next scheduled refresh will ask again.
MAX_RETRY_AFTER_SECONDS = 300.0

log = logging.getLogger(__name__)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Page(msgspec.Struct, frozen=True):
    """One response: the records as they stood in it (newest first), and where the next page begins."""

    data: list[msgspec.Raw]
    has_more: bool
    first_id: str | None = None
    last_id: str | None = None


_DECODER = msgspec.json.Decoder(Page)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answered request, as the feed itself will report it: by its `request-id`."""

    request_id: str
    status_code: int
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of the retries of one request. Waits start at `first_wait` seconds and double up to 60 s."""

    attempts: int = 8
    connect_attempts: int = 5
    first_wait: float = 1.0
    read_timeout: float = 60.0
    request_timeout: float = 180.0


class _Retry(Exception):
    """The attempt failed in a way that the contract lets us repeat."""

    def __init__(self, reason: str, retry_after: float | None = None, connecting: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.connecting = connecting


class FeedClient:
    """Reads pages of one feed with one key. Used as an async context manager.

    All walks that share a client share its request budget and its back-off; so do clients that are given the same
    `budget`.
    """

    def __init__(
        self,
        base_url: str,
        key: SecretStr,
        *,
        requests_per_minute: int,
        retry: RetryPolicy | None = None,
        budget: RequestBudget | None = None,
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._retry = retry or RetryPolicy()
        self.budget = budget or RequestBudget(requests_per_minute)
        # The feed's own clock, by its latest answer; None where it did not say.
        self.feed_time: datetime | None = None
        self._http = httpx.AsyncClient(
            headers={
                "x-api-key": key.get_secret_value(),
                "anthropic-version": API_VERSION,
                "user-agent": f"{PRODUCT}/{__version__}",
            },
            timeout=httpx.Timeout(self._retry.read_timeout, connect=10.0),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def page(self, params: Mapping[str, str], receive: Callable[[Receipt], None]) -> Page:
        """One page, after as many bounded retries as it takes; `receive` gets a receipt for each answer.

        Raises:
            KeyRefused: the key is missing, wrong, or lacks the scope.
            WrongAddress: what answers is not the feed.
            FeedProtocolError: the feed refused the request itself.
            FeedUnavailable: every retry failed.
        """
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(_Retry),
            stop=self._exhausted,
            wait=self._wait,
            sleep=self._back_off,
            before_sleep=_log_retry,
        )
        try:
            return await retrying(self._attempt, params, receive)
        except tenacity.RetryError as error:
            attempts = error.last_attempt.attempt_number
            reason = error.last_attempt.exception()
            raise FeedUnavailable(
                f"The feed at {self._url} could not be read: {reason}; gave up after {attempts} attempts. "
                "Nothing is lost: run again when it answers, or check COMPLIANCE_API_URL and the network."
            ) from None

    async def anything_before(self, moment: datetime, receive: Callable[[Receipt], None]) -> bool:
        """Whether the feed has any activity before the moment."""
        page = await self.page({"created_at.lt": rfc3339(moment), "limit": "1"}, receive)
        return bool(page.data) or page.has_more

    async def _attempt(self, params: Mapping[str, str], receive: Callable[[Receipt], None]) -> Page:
        await self.budget.take()
        sent_at = datetime.now(UTC)
        try:
            async with asyncio.timeout(self._retry.request_timeout):
                response = await self._http.get(self._url, params=params)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Retry(f"no connection ({error or type(error).__name__})", connecting=True) from None
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise _Retry(f"the connection failed ({type(error).__name__})") from None
        request_id = response.headers.get("request-id")
        if request_id:
            receive(Receipt(request_id, response.status_code, sent_at))
        self.budget.heed(response.headers)
        self.feed_time = _http_date(response.headers.get("date")) or self.feed_time
        if response.status_code != 200:
            raise _refusal(response)
        return self._decode(response)

    def _decode(self, response: httpx.Response) -> Page:
        try:
            response.content.decode("utf-8")
            return _cut(response.content)
        except (UnicodeDecodeError, msgspec.DecodeError) as error:
            kind = response.headers.get("content-type", "no content type")
            detail = "invalid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise _Retry(f"a body that cannot be read ({kind}: {detail}){_trace(response)}") from None

    def _exhausted(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Retry) and (error.retry_after or 0) > MAX_RETRY_AFTER_SECONDS:
            return True
        connecting = isinstance(error, _Retry) and error.connecting
        return state.attempt_number >= (self._retry.connect_attempts if connecting else self._retry.attempts)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Retry) and error.retry_after is not None:
            return error.retry_after
        wait = min(self._retry.first_wait * 2 ** (state.attempt_number - 1), MAX_WAIT_SECONDS)
        # Walks that failed together should not come back together.
        return wait * random.uniform(1.0, 1.1)

    async def _back_off(self, seconds: float) -> None:
        # The whole source is silent, not this walk alone; the wait itself happens in `budget.take`.
        self.budget.close_for(seconds)


def _cut(body: bytes) -> Page:
    """The page with its records cut out of the body as they stand in it.

    An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but the decoder refuses it: such a body is
    cut along a copy in which these escapes are replaced by others of the same length.
    """
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError:
        stand_in = _SURROGATE.sub(rb"\\ufffd", body)
        if stand_in == body:
            raise
    page = _DECODER.decode(stand_in)
    records, position = [], 0
    for record in map(bytes, page.data):
        position = stand_in.index(record, position)
        records.append(msgspec.Raw(body[position : position + len(record)]))
        position += len(record)
    return msgspec.structs.replace(page, data=records)


def _log_retry(state: tenacity.RetryCallState) -> None:
    reason = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("Feed: %s; attempt %d failed, next in %.1f s.", reason, state.attempt_number, wait)


def _refusal(response: httpx.Response) -> Exception:
    """The exception for a response other than 200: a retry, or a sentence that says what to do."""
    status = response.status_code
    error_type, message = _error_of(response)
    said = f"{status} {error_type}: {message}{_trace(response)}"
    retry = {"true": True, "false": False}.get(
        response.headers.get("x-should-retry", "").lower(), status in RETRYABLE_STATUSES
    )
    if retry:
        return _Retry(f"the feed answered {said}", retry_after=_retry_after(response))
    if status == 401:
        return KeyRefused(
            f"The feed refused the key ({said}). Check that it is complete, not revoked, and, for an admin key, "
            "made after the Compliance API was enabled."
        )
    if status == 403:
        return KeyRefused(f"The key lacks a scope ({said}). Make a key with read:compliance_activities.")
    if status in RETRYABLE_STATUSES:
        return FeedUnavailable(f"The feed answered {said} and asked not to retry. Run again later.")
    if status == 400:
        return FeedProtocolError(f"The feed refused the request ({said}). The slice stays open.")
    return WrongAddress(f"This is not how the feed answers ({said}). Check COMPLIANCE_API_URL.")


def _error_of(response: httpx.Response) -> tuple[str, str]:
    try:
        error = msgspec.json.decode(response.content)["error"]
        return str(error["type"]), str(error["message"])[:300]
    except (msgspec.DecodeError, KeyError, TypeError):
        return "unreadable_error", f"a body of type {response.headers.get('content-type', 'unknown')}"


def _trace(response: httpx.Response) -> str:
    request_id = response.headers.get("request-id")
    return f" (request-id {request_id})" if request_id else ""


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds from the `retry-after` header, which holds a number or an HTTP date (RFC 9110, 10.2.3)."""
    value = response.headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = _http_date(value)
        seconds = (moment - datetime.now(UTC)).total_seconds() if moment else 0.0
    # A wait of nothing would be a storm: our own doubling waits serve instead.
    return seconds if seconds > 0 else None


def _http_date(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError):
        return None
