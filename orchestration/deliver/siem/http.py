"""Sends events to Splunk's HTTP Event Collector, or as JSON arrays to any other receiver.

A request is acknowledged by its status, or, if the collector returns an acknowledgement id, once the indexers have
it. No message contains the token or an event.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

import httpx
import orjson
import tenacity

from orchestration import PRODUCT, __version__
from orchestration.config.siem import HttpSink
from orchestration.deliver.quiet import hide_addresses
from orchestration.deliver.siem.errors import DeliveryError
from orchestration.deliver.siem.events import Event

# Many receivers accept at most 1 MB per request.
MAX_BATCH_EVENTS = 500
MAX_BATCH_BYTES = 900_000
# The add-on that maps OCSF to Splunk's data models looks for source types that begin with `ocsf:`.
_SOURCE, _SOURCETYPE = "claude:activity_feed", "ocsf:claude:activity_feed"
_MAX_WAIT_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SinkRetryPolicy:
    """Bounds of one request, and of waiting for the indexers. Waits start at `first_wait` seconds and double."""

    attempts: int = 5
    ack_attempts: int = 8
    first_wait: float = 1.0
    timeout: float = 60.0


class _Again(Exception):
    """The request may succeed later. `after`: how long the receiver asks to wait, in seconds."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class _TooLarge(Exception):
    """The receiver takes no request of this size."""


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events in their order, in as many as one request may hold."""
    batch: list[Event] = []
    size = 0
    for event in events:
        length = len(event.core) + len(event.extra)
        if batch and (len(batch) >= MAX_BATCH_EVENTS or size + length > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


class SinkClient:
    """Sends events to one HTTP sink. Used as a context manager."""

    def __init__(self, sink: HttpSink, retry: SinkRetryPolicy | None = None) -> None:
        hide_addresses()
        self._sink = sink
        self._retry = retry or SinkRetryPolicy()
        headers = {"user-agent": f"{PRODUCT}/{__version__}", "content-type": "application/json"}
        if sink.token:
            scheme = "Splunk" if sink.form == "hec" else "Bearer"
            headers["authorization"] = f"{scheme} {sink.token.get_secret_value()}"
        if sink.form == "hec":
            # Collectors with acknowledgement require a channel; this sink's is the same in every run.
            headers["x-splunk-request-channel"] = str(uuid5(NAMESPACE_URL, sink.url))
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(self._retry.timeout, connect=10.0),
            # A redirect would send the token to another address.
            follow_redirects=False,
            mounts={"http://": None},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, batch: list[Event]) -> int:
        """Send events until they are acknowledged. Returns the size of what was sent in bytes.

        If that is too large for the receiver, they are sent in smaller requests; an event that is too large alone
        is sent without `unmapped` and `raw_data`.

        Raises:
            DeliveryError: they are not acknowledged; the receiver may have some of them.
        """
        body = self._body(batch)
        try:
            answer = self._insist(self._retry.attempts, self._post, self._sink.url, body)
        except _TooLarge:
            if len(batch) > 1:
                middle = len(batch) // 2
                return self.send(batch[:middle]) + self.send(batch[middle:])
            if batch[0].extra:
                return self.send([replace(batch[0], extra=b"")])
            raise DeliveryError(
                f"{self._sink.shown} takes no event of {len(body)} bytes. Raise the receiver's size limit."
            ) from None
        ack = answer.get("ackId") if self._sink.form == "hec" else None
        if isinstance(ack, int):
            url = httpx.URL(self._sink.url).copy_with(path="/services/collector/ack", query=None)
            self._insist(self._retry.ack_attempts, self._ask_ack, str(url), ack)
        return len(body)

    def _body(self, batch: list[Event]) -> bytes:
        if self._sink.form == "json":
            return b"[" + b",".join(event.text for event in batch) + b"]"
        return b"\n".join(
            orjson.dumps(
                {
                    "time": event.time / 1000,
                    "source": _SOURCE,
                    "sourcetype": _SOURCETYPE,
                    "event": orjson.Fragment(event.text),
                }
            )
            for event in batch
        )

    def _insist(self, attempts: int, request: Any, *arguments: Any) -> dict[str, Any]:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(attempts),
            wait=self._wait,
        )
        try:
            return retrying(request, *arguments)
        except tenacity.RetryError as error:
            raise DeliveryError(
                f"{self._sink.shown} did not take the events: {error.last_attempt.exception()}; gave up after "
                f"{attempts} attempts. Nothing is lost: the next run continues there. Check SIEM_URL and the "
                "receiver."
            ) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        doubled = self._retry.first_wait * 2 ** (state.attempt_number - 1)
        asked = error.after if isinstance(error, _Again) and error.after else doubled
        return min(asked, _MAX_WAIT_SECONDS)

    def _ask_ack(self, url: str, ack: int) -> dict[str, Any]:
        answer = self._post(url, orjson.dumps({"acks": [ack]}))
        acks = answer.get("acks")
        if not (isinstance(acks, dict) and acks.get(str(ack)) is True):
            raise _Again("the indexers have not acknowledged them")
        return answer

    def _post(self, url: str, body: bytes) -> dict[str, Any]:
        try:
            response = self._http.post(url, content=body)
        except httpx.TransportError as error:
            raise _Again(f"no answer ({type(error).__name__})") from None
        status = response.status_code
        if status in (408, 429) or status >= 500:
            raise _Again(f"status {status}", _seconds(response.headers.get("retry-after")))
        if status == 413:
            raise _TooLarge
        if status in (401, 403):
            raise DeliveryError(f"{self._sink.shown} refused the token (status {status}). Correct SIEM_TOKEN.")
        if not response.is_success:
            raise DeliveryError(
                f"{self._sink.shown} refused the events (status {status}). Check SIEM_URL and SIEM_URL_FORMAT."
            )
        with suppress(ValueError):
            answer = orjson.loads(response.content)
            return answer if isinstance(answer, dict) else {}
        return {}


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
