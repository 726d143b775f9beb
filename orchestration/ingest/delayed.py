"""Looks again for activities that become visible late: one query for a few types over the last days.

What it finds is stored under extracts of its own, one for each day with something new. Their query names the
types, so they prove nothing about coverage.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from orchestration.api.endpoint import Receipt
from orchestration.api.feed import FeedClient
from orchestration.ingest.plan import DELAYED_TYPES
from orchestration.ingest.quiet_days import records_by_day
from orchestration.ingest.slice_reader import frozen_query, read_slice
from orchestration.intervals import Interval


@dataclass(slots=True)
class Lookback:
    """The new records of each day, and the query that returned them."""

    query: Mapping[str, str | list[str]]
    records: dict[Interval, list[bytes]] = field(default_factory=dict)


async def look_back(
    client: FeedClient,
    within: Interval,
    page_size: int,
    stored_hashes: Collection[str],
    receive: Callable[[Receipt], None],
) -> Lookback:
    """Ask for the delayed types in the interval, and keep what is not stored yet.

    Raises:
        FeedError: as `read_slice`.
    """
    found = Lookback(frozen_query(within, page_size, DELAYED_TYPES))
    received = [
        record
        async for page in read_slice(client, found.query, receive)
        for record in page.data
        if hashlib.sha256(record).hexdigest() not in stored_hashes
    ]
    days, others = records_by_day(received, within)
    # Landing stores or quarantines them.
    list(days.values())[-1].extend(others)
    found.records = {day: records for day, records in days.items() if records}
    return found
