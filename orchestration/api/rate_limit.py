"""One request budget and one back-off for all extracts of a source. Decides when the next request may go out."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

WINDOW_SECONDS = 60.0
MAX_WAIT_SECONDS = 60.0
# Below this share of the organization's limit, what remains is spread over the time until it is reset: others
# read the same feed with the same budget.
LOW_WATER = 0.1


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to send one request. `is_probe`: it is the only one, to find out whether the feed is back."""

    round: int
    is_probe: bool


class RequestBudget:
    """Allows `per_minute` requests in any 60 seconds, and none while the feed fails or has asked to wait.

    After a failure no request is sent for `first_wait` seconds, doubled with each further failure up to 60 s.
    Then one request tries the feed, and the others follow only if it succeeds: a feed that is down is not
    asked more often because more extracts are waiting.

    `failures` counts failures in a row, `last_failure` is the newest. `waited_seconds` counts the time during
    which a request was ready and had to wait.
    """

    def __init__(self, per_minute: int, first_wait: float = 1.0) -> None:
        self._sent: deque[float] = deque(maxlen=per_minute)
        self._first_wait = first_wait
        self._closed_until = 0.0
        self._turn = asyncio.Lock()
        self._round = 0
        self._is_probing = False
        self._news = asyncio.Event()
        self.failures = 0
        self.last_failure: Exception | None = None
        self.waited_seconds = 0.0
        # What is left of the organization's own limit, by the newest response; None if no response stated it.
        self.remaining_share: float | None = None

    async def take(self, is_hopeless: Callable[[], bool] = lambda: False) -> Permit | None:
        """Wait until a request may be sent and count it; `settle` the turn when the request is over.

        None when `is_hopeless` says, in the meantime, that it is not worth waiting for.
        """
        async with self._turn:
            began = _monotonic()
            while not is_hopeless() and ((pause := self._pause()) > 0 or self._is_probing):
                if pause > 0:
                    await asyncio.sleep(pause)
                else:
                    self._news.clear()
                    await self._news.wait()
            self.waited_seconds += _monotonic() - began
            if is_hopeless():
                return None
            self._sent.append(_monotonic())
            self._is_probing = self.failures > 0
            return Permit(self._round, self._is_probing)

    def settle(self, permit: Permit, failed: bool | None, retry_after: float | None = None) -> None:
        """The request of the turn is over: it failed and may be repeated, it did not, or (None) it was given up.

        Requests that were under way together and fail together are one failure, not many.
        """
        if permit.is_probe:
            self._is_probing = False
        if failed is not None and permit.round == self._round:
            self.failures = self.failures + 1 if failed else 0
            if failed:
                self._round += 1
                self.close_for(doubled(self._first_wait, self.failures))
        if failed and retry_after is not None:
            self.close_for(retry_after)
        self._news.set()

    def close_for(self, seconds: float) -> None:
        """Send nothing for this long, unless a longer silence is already in force."""
        self._closed_until = max(self._closed_until, _monotonic() + seconds)

    @property
    def silence(self) -> float:
        """Seconds until the feed may be asked again."""
        return max(0.0, self._closed_until - _monotonic())

    def heed(self, headers: Mapping[str, str]) -> None:
        """Slow down before the organization's own limit is used up; the headers may be absent or absurd."""
        try:
            limit = float(headers["anthropic-ratelimit-requests-limit"])
            remaining = float(headers["anthropic-ratelimit-requests-remaining"])
            self.remaining_share = remaining / limit
            reset = datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"])
            seconds = (reset - datetime.now(UTC)).total_seconds()
        except (KeyError, ValueError, TypeError, ArithmeticError):
            return
        if remaining < LOW_WATER * limit and seconds > 0:
            self.close_for(min(seconds, WINDOW_SECONDS) / (max(remaining, 0) + 1))

    def _pause(self) -> float:
        now = _monotonic()
        pause = self._closed_until - now
        if len(self._sent) == self._sent.maxlen:
            pause = max(pause, self._sent[0] + WINDOW_SECONDS - now)
        return pause


def doubled(first: float, attempt: int) -> float:
    """The wait after the failed attempt (from 1), with jitter: requests that failed together return apart."""
    return min(first * 2 ** min(attempt - 1, 20), MAX_WAIT_SECONDS) * random.uniform(1.0, 1.1)


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
