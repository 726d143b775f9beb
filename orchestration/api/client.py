"""Sends one request: authentication, timeouts, retries, request budget. Knows no path of the API.

An `Endpoint` says what to request and how to read the response: `feed` has the feed's, `lists` the
directory's. Which responses are retried is decided in `responses`.
"""

import asyncio
import logging
import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Self

import httpx
import tenacity
from pydantic import SecretStr

from orchestration import PRODUCT, __version__
from orchestration.api import body, responses
from orchestration.api.endpoint import Answer, Endpoint, Params, Receipt
from orchestration.api.errors import FeedError, FeedProtocolError, FeedUnavailable, KeyEchoed, WrongAddress
from orchestration.api.rate_limit import RequestBudget, doubled
from orchestration.api.redact import holds_key
from orchestration.api.responses import Retry

API_VERSION = "2023-06-01"
# A `retry-after` beyond this is an outage: the next scheduled refresh will ask again.
MAX_RETRY_AFTER_SECONDS = 300.0

_UNVERIFIED = re.compile(r"CERTIFICATE_VERIFY_FAILED\] certificate verify failed: (.*?)(?: \(_ssl|$)")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of the retries of one request. Waits start at `first_wait` seconds and double up to 60 s."""

    attempts: int = 8
    connect_attempts: int = 5
    first_wait: float = 1.0
    read_timeout: float = 60.0
    request_timeout: float = 180.0


class ApiClient:
    """Sends requests with one key. Used as an async context manager.

    Readers that share a client share its request budget and its back-off; so do clients given the same `budget`.
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
        self._url = base_url.rstrip("/")
        self._key = key
        self._retry = retry or RetryPolicy()
        self.budget = budget or RequestBudget(requests_per_minute, self._retry.first_wait)
        # How far our clock is ahead of the API's own, by its latest answer; negative where it is behind, None
        # where the answer has no date.
        self.clock_ahead: timedelta | None = None
        self._http = httpx.AsyncClient(
            headers={
                "x-api-key": key.get_secret_value(),
                "anthropic-version": API_VERSION,
                "user-agent": f"{PRODUCT}/{__version__}",
                "accept-encoding": "gzip",
            },
            verify=_tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
            timeout=httpx.Timeout(self._retry.read_timeout, connect=10.0),
            # A redirect would send the key to another address.
            follow_redirects=False,
            # Proxies are the environment's, but not for plain HTTP: that is for loopback alone, and a proxy would
            # see the key.
            mounts={"http://": None},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, endpoint: Endpoint[Answer], params: Params, receive: Callable[[Receipt], None]) -> Answer:
        """One answer, after as many bounded retries as it takes; `receive` gets a receipt for each response.

        Raises:
            KeyRefused: the key is missing, wrong, or lacks the scope of the feed.
            ListRefused: the key may not read this list, or there is none.
            KeyEchoed: a cursor, an id in the path or the request id holds the key.
            WrongAddress: what answers is not the API, or cannot prove to be.
            FeedProtocolError: the API refused the request itself, or its answer is too large.
            FeedUnavailable: every retry failed.
        """
        self._refuse_echo("path", endpoint.path)
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type(Retry),
            stop=self._exhausted,
            wait=self._wait,
            sleep=asyncio.sleep,
            before_sleep=_log_retry,
        )
        failures_before = self.budget.failures

        def is_hopeless() -> bool:
            return self.budget.failures > failures_before and self.budget.failures >= self._allowed(
                self.budget.last_failure
            )

        try:
            return await retrying(self._attempt, endpoint, params, receive, is_hopeless)
        except tenacity.RetryError as error:
            attempts = error.last_attempt.attempt_number
            reason = error.last_attempt.exception()
            tries = f"{attempts} attempt{'s' * (attempts > 1)}"
            raise FeedUnavailable(
                f"{self._name(endpoint)} could not be read: {reason}; gave up after {tries}"
                f"{_asked_to_wait(reason)}. Nothing is lost: run again when it answers, or check "
                "COMPLIANCE_API_URL and the network."
            ) from None

    async def _attempt(
        self,
        endpoint: Endpoint[Answer],
        params: Params,
        receive: Callable[[Receipt], None],
        is_hopeless: Callable[[], bool],
    ) -> Answer:
        if self.budget.silence > MAX_RETRY_AFTER_SECONDS:
            raise FeedUnavailable(
                f"{self._name(endpoint)} asked to wait another {self.budget.silence:.0f} s. Run again then."
            )
        permit = await self.budget.take(is_hopeless)
        if permit is None:
            raise FeedUnavailable(
                f"{self._name(endpoint)} could not be read: {self.budget.last_failure}; {self.budget.failures} "
                "tries of other requests failed too. Nothing is lost: run again when it answers."
            )
        failed: bool | None = None
        asked_for: float | None = None
        try:
            answer = await self._ask(endpoint, params, receive)
            failed = False
            return answer
        except Retry as error:
            self.budget.last_failure, failed, asked_for = error, True, error.retry_after
            raise
        except FeedError:
            failed = False
            raise
        finally:
            self.budget.settle(permit, failed, asked_for)

    def _name(self, endpoint: Endpoint[Answer]) -> str:
        return f"The {endpoint.noun} at {self._url}{endpoint.path}"

    @property
    def _secret(self) -> str:
        """The key as it is sent. Never in a local variable, because some error reports show those."""
        return self._key.get_secret_value()

    async def _ask(self, endpoint: Endpoint[Answer], params: Params, receive: Callable[[Receipt], None]) -> Answer:
        sent_at = datetime.now(UTC)
        try:
            async with (
                asyncio.timeout(self._retry.request_timeout),
                self._http.stream("GET", self._url + endpoint.path, params=params) as response,
            ):
                status, headers = response.status_code, response.headers
                self._compare_clocks(sent_at, headers.get("date"))
                self._refuse_echo("request-id", headers.get("request-id"))
                # Noted before the body arrives: the feed reports the read even if the body never does.
                if name := responses.request_id(headers, self._secret):
                    receive(Receipt(name, status, sent_at))
                self.budget.heed(headers)
                if status != 200:
                    raise endpoint.refusal(status, headers, await _beginning(response), self._secret)
                answer = endpoint.cut(await body.read_body(response, body.MAX_BODY_BYTES))
                for cursor in endpoint.cursors(answer):
                    self._refuse_echo("cursor", cursor)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if fault := _UNVERIFIED.search(str(error)):
                raise WrongAddress(
                    f"The certificate of {self._url} cannot be verified ({fault[1]}); the key was not sent. Check "
                    "COMPLIANCE_API_URL; behind a proxy that intercepts TLS, set SSL_CERT_FILE to its authority."
                ) from None
            raise Retry(f"no connection ({error or type(error).__name__})", connecting=True) from None
        except (httpx.TransportError, TimeoutError) as error:
            raise Retry(f"the connection failed ({type(error).__name__})") from None
        except body.TooLarge:
            name = responses.trace(headers, self._secret)
            raise FeedProtocolError(
                f"The answer is larger than {body.MAX_BODY_BYTES // 2**20} MiB{name}. {endpoint.too_large}"
            ) from None
        except body.Unreadable as error:
            kind, name = responses.content_type(headers, self._secret), responses.trace(headers, self._secret)
            raise Retry(f"a body that cannot be read ({kind}: {error}){name}") from None
        return answer

    def _compare_clocks(self, sent_at: datetime, date: str | None) -> None:
        """The API wrote its date while we waited, so a difference of less than the wait means nothing."""
        if stated := responses.http_date(date):
            received_at = datetime.now(UTC)
            self.clock_ahead = max(sent_at - stated, timedelta(0)) or min(received_at - stated, timedelta(0))

    def _refuse_echo(self, name: str, value: str | None) -> None:
        """Stop where the key would be stored in the ledger, or sent in a URL, which proxies log."""
        if value and holds_key(value, self._secret):
            raise KeyEchoed(
                f"What answers at {self._url} sends the key back in a {name}. Nothing of it was kept. Check "
                "COMPLIANCE_API_URL and any proxy on the way, and replace the key: it may be in their logs."
            )

    def _exhausted(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        # Failed tries of other requests count too: when an API is down, all requests give up at once.
        tried = max(state.attempt_number, self.budget.failures)
        return tried >= self._allowed(error) or self.budget.silence > MAX_RETRY_AFTER_SECONDS

    def _allowed(self, error: BaseException | None) -> int:
        connecting = isinstance(error, Retry) and error.connecting
        return self._retry.connect_attempts if connecting else self._retry.attempts

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """This request's own wait. The budget's shared back-off ends earlier when others succeed."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Retry) and error.retry_after is not None:
            return error.retry_after
        return doubled(self._retry.first_wait, state.attempt_number)


async def _beginning(response: httpx.Response) -> bytes:
    """The body of a refusal; empty if it cannot be read, because the status is enough."""
    try:
        return await body.read_body(response, body.MAX_ERROR_BYTES)
    except (body.TooLarge, body.Unreadable):
        return b""


@cache
def _tls(*_: str | None) -> ssl.SSLContext:
    """The certificate authorities that the environment names. Reading them takes longer than a request."""
    return httpx.create_ssl_context()


def _asked_to_wait(reason: BaseException | None) -> str:
    seconds = reason.retry_after if isinstance(reason, Retry) else None
    return f", asked to wait {seconds:.0f} s" if seconds else ""


def _log_retry(state: tenacity.RetryCallState) -> None:
    reason = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("Feed: %s; attempt %d failed, next in %.1f s.", reason, state.attempt_number, wait)
