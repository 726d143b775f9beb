"""Errors of the API. Each message is one sentence that says what to do."""


class FeedError(Exception):
    """A read of the feed failed permanently. `str()` is a sentence for the operator; it never holds a key."""


class KeyRefused(FeedError):
    """The feed refused the key (401) or its scopes (403). No other slice of the source can succeed."""


class WrongAddress(FeedError):
    """The response does not come from the feed (a redirect, a 404). Nothing else can succeed either."""


class KeyEchoed(FeedError):
    """The feed sent the key back in what has to be kept as it is, such as a cursor. Nothing more of it is read."""


class ClocksDiffer(FeedError):
    """The clocks of the API and of this machine are so far apart that the time of an observation is unknown."""


class FeedUnavailable(FeedError):
    """Every bounded retry of one request failed: unreachable, overloaded, or answering with errors."""


class FeedProtocolError(FeedError):
    """The feed refused the request (4xx) or answered in a way that proves nothing about completeness."""


class RequestRefused(FeedProtocolError):
    """The feed rejected the request (400): a bound, a limit or a cursor."""


class ListRefused(FeedError):
    """A list of the directory cannot be read with this key (403), or does not exist (404): `status` says which."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status
