"""Decides what a response other than a page means: retry, and after which wait, or stop with an error message.

The rules are those of the API's public documentation.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from orchestration.api.errors import (
    FeedError,
    FeedProtocolError,
    FeedUnavailable,
    KeyRefused,
    ListRefused,
    RequestRefused,
    WrongAddress,
)
from orchestration.api.redact import redact

# Statuses that show that this is not the API: a wrong address or method.
_ELSEWHERE = frozenset({404, 405, 407, 410, 421})


class Retry(Exception):
    """The attempt failed in a way that the contract lets us repeat. `retry_after`: seconds the feed asked for."""

    def __init__(self, reason: str, retry_after: float | None = None, connecting: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.connecting = connecting


def is_retryable(status: int, headers: Mapping[str, str]) -> bool:
    """What `x-should-retry` says, else the contract's table.

    An unknown status counts as the first of its class (RFC 9110, 15), so each from 500 on is a 500; 408 is a
    timeout.
    """
    word = {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())
    return _is_retryable_by_table(status) if word is None else word


def _is_retryable_by_table(status: int) -> bool:
    return status in (408, 429) or status >= 500


def refusal(status: int, headers: Mapping[str, str], body: bytes, key: str) -> Retry | FeedError:
    """The exception for an answer of the feed other than 200."""
    reason = _words(status, headers, body, key)
    if general := _general(status, headers, reason, "feed"):
        return general
    if status == 403:
        return KeyRefused(f"The key lacks a scope ({reason}). Create a key with read:compliance_activities.")
    if status == 400:
        return RequestRefused(f"The feed refused the request ({reason}). The slice stays open; run again.")
    if status < 400 or status in _ELSEWHERE:
        return WrongAddress(f"This does not look like an answer of the feed ({reason}). Check COMPLIANCE_API_URL.")
    return FeedProtocolError(f"The feed refused the request ({reason}). The slice stays open; run again.")


def list_refusal(status: int, headers: Mapping[str, str], body: bytes, key: str) -> Retry | FeedError:
    """The exception for an answer of the directory other than 200. One list says nothing about the others."""
    reason = _words(status, headers, body, key)
    if general := _general(status, headers, reason, "directory"):
        return general
    if status == 403:
        return ListRefused(f"The key may not read it ({reason}).", status)
    if status == 404:
        return ListRefused(f"It was not found ({reason}).", status)
    return FeedProtocolError(f"The directory refused the request ({reason}).")


def _general(status: int, headers: Mapping[str, str], reason: str, noun: str) -> Retry | FeedError | None:
    """What an answer means wherever it comes from; None where that depends on the request."""
    if is_retryable(status, headers):
        return Retry(f"the {noun} answered {reason}", retry_after=retry_after(headers))
    if status == 401:
        return KeyRefused(
            f"The {noun} refused the key ({reason}). Check that it is complete, not revoked, and, for an admin "
            "key, created after the Compliance API was enabled."
        )
    if _is_retryable_by_table(status):
        return FeedUnavailable(f"The {noun} answered {reason} and asked not to retry. Run again later.")
    return None


def _words(status: int, headers: Mapping[str, str], body: bytes, key: str) -> str:
    """The status, and what the answer says of it, fit for a log and a ledger."""
    error_type, message = _error_of(headers, body, key)
    return f"{status} {error_type}: {message}{trace(headers, key)}"


def _error_of(headers: Mapping[str, str], body: bytes, key: str) -> tuple[str, str]:
    try:
        error = msgspec.json.decode(body)["error"]
        return redact(str(error["type"]), key, 60), redact(str(error["message"]), key)
    except (msgspec.DecodeError, KeyError, TypeError, RecursionError):
        return "unreadable_error", f"a body of type {content_type(headers, key)}"


def content_type(headers: Mapping[str, str], key: str) -> str:
    """The type of a body that cannot be read, for the error message."""
    return redact(headers.get("content-type", "unknown"), key, 60)


def request_id(headers: Mapping[str, str], key: str) -> str:
    """The name under which the feed will report this read; empty where the answer has none."""
    return redact(headers.get("request-id", ""), key, 120)


def trace(headers: Mapping[str, str], key: str) -> str:
    """What lets the operator of the feed find the request."""
    name = request_id(headers, key)
    return f" (request-id {name})" if name else ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from the `retry-after` header, which holds a number or an HTTP date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = http_date(value)
        seconds = (moment - datetime.now(UTC)).total_seconds() if moment else 0.0
    # A wait of zero would cause a storm, so our own doubling waits are used instead.
    return seconds if seconds > 0 else None


def http_date(value: str | None) -> datetime | None:
    """The moment of an HTTP date; None if it is not one."""
    try:
        moment = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, OverflowError):
        return None
    # HTTP dates are in UTC, also where `-0000` leaves the zone open.
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
