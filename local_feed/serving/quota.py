"""The rate limit of a parent organization: a number of requests per window, shared by all its keys."""

import math
from dataclasses import dataclass

from local_feed.instants import to_text


@dataclass
class Quota:
    """A fixed window that starts with its first request. `limit` None: no limit and no headers."""

    limit: int | None = None
    window_seconds: float = 60.0
    _began: float = -math.inf
    _used: int = 0

    def spend(self, now: float) -> bool:
        """Count one request at `now` (epoch seconds). Returns False if the limit is reached."""
        if self.limit is None:
            return True
        if now >= self._began + self.window_seconds:
            self._began, self._used = now, 0
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    def headers(self, now: float) -> dict[str, str]:
        """The rate limit headers at `now`."""
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
