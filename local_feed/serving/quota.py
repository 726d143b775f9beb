"""The request budget of a parent organization: so many requests in a window, shared by all its keys."""

import math
from dataclasses import dataclass

from local_feed.instants import to_text


@dataclass
class Quota:
    """A fixed window that begins with its first request. `limit` None: no budget and no headers."""

    limit: int | None = None
    window_seconds: float = 60.0
    _began: float = -math.inf
    _used: int = 0

    def spend(self, now: float) -> bool:
        """Count one request at `now` (epoch seconds); False when the budget is used up."""
        if self.limit is None:
            return True
        if now >= self._began + self.window_seconds:
            self._began, self._used = now, 0
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    def headers(self, now: float) -> dict[str, str]:
        """The rate limit headers as they stand."""
        if self.limit is None:
            return {}
        reset = max(now, self._began + self.window_seconds)
        return {
            "anthropic-ratelimit-requests-limit": str(self.limit),
            "anthropic-ratelimit-requests-remaining": str(self.limit - self._used),
            "anthropic-ratelimit-requests-reset": to_text(math.ceil(reset) * 1_000_000, digits=0),
        }

    def retry_after(self, now: float) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, math.ceil(self._began + self.window_seconds - now))
