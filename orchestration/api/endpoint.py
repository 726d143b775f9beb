"""An endpoint (what to request, and how to read its responses) and the receipt of an answered request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from orchestration.api.errors import FeedError
from orchestration.api.responses import Retry

# A parameter that is repeated is a list.
Params = Mapping[str, str | list[str]]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answered request, as the feed itself reports it: by its `request-id`."""

    request_id: str
    status_code: int
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[Answer]):
    """One kind of request, and how its responses are read.

    `noun`: its name in messages. `cut` reads the body; `refusal` says what a status other than 200 means.
    `cursors` are the texts of an answer that will be sent back in a URL. `too_large`: what to do about an answer
    beyond the bound.
    """

    path: str
    noun: str
    cut: Callable[[bytes], Answer]
    refusal: Callable[[int, Mapping[str, str], bytes, str], Retry | FeedError]
    cursors: Callable[[Answer], Iterable[str | None]]
    too_large: str
