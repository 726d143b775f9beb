"""The options of a local feed, and how a feed is built from them."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from local_feed.archive import Facet, Record, RenderedHistory, read_record
from local_feed.directory import Directory
from local_feed.directory.endpoints import MEMBERS, ORG_DATA, USER_DATA
from local_feed.directory.made_up import directory_key_id, made_up_directory
from local_feed.directory.server import DirectoryServer
from local_feed.history import DEFAULT_END, DEFAULT_START, MIN_SIZE, History
from local_feed.history.cast import Cast, acting
from local_feed.instants import to_micros
from local_feed.serving.access import SCOPE, Key
from local_feed.serving.arrivals import Arrivals
from local_feed.serving.feed import Feed
from local_feed.serving.quota import Quota
from local_feed.timeline import Timeline

COMPLIANCE_KEY = "sk-ant-api01-local-feed"
UNSCOPED_KEY = "sk-ant-api01-local-feed-without-scope"
ADMIN_KEY = "sk-ant-admin01-local-feed"
DIRECTORY_KEY = "sk-ant-api01-local-feed-directory"
DIRECTORY_SCOPES = (SCOPE, ORG_DATA, USER_DATA, MEMBERS)

RecordLike = Mapping[str, Any] | bytes


def default_cache() -> Path:
    """The default directory for rendered histories."""
    return Path(tempfile.gettempdir()) / "local-activity-feed"


@dataclass(frozen=True)
class Options:
    """The options of a local feed.

    `size`, `seed`, `start`, `end`: the made-up history; `size` 0 for none. `own_reads`: every read adds a
    `compliance_api_accessed` activity; `index_delay`: seconds until new activities are visible.
    `requests_per_minute`: the organization's rate limit (None: no limit, no headers), in windows of `quota_window`
    seconds. `live_per_minute`: new activities per minute from now on; `latency`: seconds added to every response.
    `directory`: also serve this directory; True for that of the made-up organization. `directory_key`: a
    Compliance Access Key with `directory_scopes`; `directory_organization`: the UUID of the only organization that
    it sees (None: all). `admin_requests_per_minute`: the rate limit of the Admin API.
    `admin_organization`: `org_…` or UUID that the admin key is limited to; None for the history's Console
    organization.
    """

    size: int = 2_000
    seed: int = 1
    start: str = DEFAULT_START
    end: str = DEFAULT_END
    cache: Path | None = None
    own_reads: bool = False
    index_delay: float = 0.0
    requests_per_minute: int | None = None
    quota_window: float = 60.0
    live_per_minute: float = 0.0
    latency: float = 0.0
    key: str = COMPLIANCE_KEY
    admin_key: str = ADMIN_KEY
    unscoped_key: str = UNSCOPED_KEY
    admin_organization: str | None = None
    directory: Directory | bool = False
    directory_key: str = DIRECTORY_KEY
    directory_scopes: tuple[str, ...] = DIRECTORY_SCOPES
    directory_organization: str | None = None
    admin_requests_per_minute: int | None = None
    clock: Callable[[], float] = time.time


def place(record: RecordLike, at: str | None = None) -> Record:
    """A record as the feed serves it: bytes unchanged, anything else as compact JSON.

    `at`: the time of a record without a readable id or time.

    Raises:
        ValueError: the record has no readable id or time, and there is no `at`.
    """
    text = record if isinstance(record, bytes) else msgspec.json.encode(record)
    try:
        return read_record(text)
    except ValueError:
        if at is None:
            raise
        return Record(to_micros(at), "", Facet(), text)


def build_feed(options: Options, records: Iterable[RecordLike] | None = None) -> Feed:
    """Build the feed: on a rendered history, or on exactly the given records."""
    cast = Cast(options.seed)
    history = None
    archive = RenderedHistory()
    if records is None and options.size > 0:
        history = History(options.seed, options.size, options.start, options.end)
        archive = history.archive(options.cache or default_cache())
    timeline = Timeline(archive)
    for record in records or ():
        timeline.add(place(record))
    arrivals = Arrivals(timeline, options.index_delay)
    if options.live_per_minute > 0:
        source = history or History(options.seed, MIN_SIZE, options.start, options.end)
        arrivals.growth = partial(source.growth, options.live_per_minute)
        arrivals.grown_until = round(options.clock() * 1e6)
    return Feed(
        timeline=timeline,
        arrivals=arrivals,
        keys=_keys(options, cast),
        clock=options.clock,
        quota=Quota(options.requests_per_minute, options.quota_window),
        own_reads=options.own_reads,
        organization_ids={organization.uuid: organization.id for organization in cast.organizations},
    )


def build_directory(options: Options, feed: Feed) -> DirectoryServer | None:
    """Build the directory beside a feed; None if the options ask for none."""
    if options.directory is False:
        return None
    directory = options.directory
    if directory is True:
        history = History(options.seed, max(options.size, MIN_SIZE), options.start, options.end)
        directory = made_up_directory(history.chronicle)
    return DirectoryServer(feed, directory, Quota(options.admin_requests_per_minute, options.quota_window))


def _keys(options: Options, cast: Cast) -> dict[str, Key]:
    console = options.admin_organization or cast.console.uuid
    keys: tuple[Key, ...] = (
        Key(options.key, cast.compliance_key_id, (SCOPE, "read:compliance_user_data")),
        Key(options.unscoped_key, cast.unscoped_key_id, ("read:compliance_org_data",)),
        Key(
            options.admin_key, acting(cast.admin_key_id), (SCOPE,), organization=console, made_as=cast.admin_key_id
        ),
    )
    if options.directory is not False:
        seen = options.directory_organization
        keys += (Key(options.directory_key, directory_key_id(options.seed), options.directory_scopes, seen),)
    return {key.secret: key for key in keys}
