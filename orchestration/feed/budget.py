"""One request budget and one back-off for all walks of a source. Decides when the next request may go out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime

WINDOW_SECONDS = 60.0
# Below this share of the organization's limit, what remains is spread over the time until it is reset: others
# read the same feed with the same budget.
LOW_WATER = 0.1


class RequestBudget:
    """At most `per_minute` requests in any 60 seconds, and silence while the feed asked for it.

    `waited_seconds` counts the time during which a request was ready and had to wait.
    """

    def __init__(self, per_minute: int) -> None:
        self._sent: deque[float] = deque(maxlen=per_minute)
        self._closed_until = 0.0
        self._turn = asyncio.Lock()
        self.waited_seconds = 0.0

    async def take(self) -> None:
        """Wait until a request may be sent and count it."""
        async with self._turn:
            began = _monotonic()
            while (pause := self._pause()) > 0:
                await asyncio.sleep(pause)
            self.waited_seconds += _monotonic() - began
            self._sent.append(_monotonic())

    def close_for(self, seconds: float) -> None:
        """Send nothing for so long; a later end that was asked for before stays."""
        self._closed_until = max(self._closed_until, _monotonic() + seconds)

    def heed(self, headers: Mapping[str, str]) -> None:
        """Slow down before the organization's own limit is used up; the headers may be absent."""
        try:
            limit = int(headers["anthropic-ratelimit-requests-limit"])
            remaining = int(headers["anthropic-ratelimit-requests-remaining"])
            reset = datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"])
            seconds = (reset - datetime.now(UTC)).total_seconds()
        except (KeyError, ValueError, TypeError):
            return
        if remaining < LOW_WATER * limit and seconds > 0:
            self.close_for(min(seconds, WINDOW_SECONDS) / (max(remaining, 0) + 1))

    def _pause(self) -> float:
        now = _monotonic()
        pause = self._closed_until - now
        if len(self._sent) == self._sent.maxlen:
            pause = max(pause, self._sent[0] + WINDOW_SECONDS - now)
        return pause


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
