"""Reads the directory of one source in one run, walk after walk. Nothing here opens the warehouse.

A walk that ends is landed. A failed one is landed as failed and says nothing about its items.
"""

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orchestration.api.errors import (
    ClocksDiffer,
    FeedError,
    FeedUnavailable,
    KeyEchoed,
    KeyRefused,
    ListRefused,
    WrongAddress,
)
from orchestration.config.sources import Source
from orchestration.ingest.directory.key_organization import organization_of
from orchestration.ingest.directory.lists import LISTS, ME, MEMBERS, ORGANIZATIONS, Api
from orchestration.ingest.directory.report import DirectoryReport
from orchestration.ingest.directory.requests import BudgetLow, Requests
from orchestration.ingest.directory.usage_reader import due_days, read_usage
from orchestration.ingest.directory.walk import Place, read_walk
from orchestration.landing.key_usage import USAGE
from orchestration.landing.walk import Walk

# After this many consecutive failed walks the API is down, not just one list.
OUTAGE_AFTER = 3
# A list that was refused below this many parents, and never read, is not requested below the others.
REFUSED_AFTER = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Walked:
    """What the ledger has of earlier walks of a source.

    `complete_at`: when the last complete walk began, by list and parent. `usage_day`: the newest day of the usage
    report; None before the first.
    """

    complete_at: Mapping[tuple[str, str | None], datetime] = field(default_factory=dict)
    usage_day: str | None = None


class DirectoryReader:
    """Reads the directory of one source for one run; `report` says how it went.

    `land` is called with each walk that ended. `stop_at`: the moment (`time.monotonic`) after which none begins.
    """

    def __init__(
        self,
        source: Source,
        walked: Walked,
        requests: Requests,
        land: Callable[[Walk], Awaitable[None]],
        *,
        run_id: str | None,
        stop_at: float | None,
    ) -> None:
        self.source = source
        self.walked = walked
        self.requests = requests
        self.land = land
        self.run_id = run_id
        self.stop_at = stop_at
        self.report = DirectoryReport(source.name)
        # An admin key opens no list of the Compliance API.
        self.places = [
            Place(one) for one in LISTS if not one.parent and (one.api is Api.ADMIN or not source.is_admin)
        ]
        # Users of each listed organization, and whether they must identify the organization of the key.
        self.users: dict[str, set[str]] = {}
        self.is_me_unknown = False
        self.readable: set[str] = set()
        self.refusals: Counter[str] = Counter()
        self.key_errors: list[KeyRefused] = []
        self.outages = 0

    async def run(self) -> None:
        """Read and land. What goes wrong with this source alone is in the report, not raised."""
        began = time.monotonic()
        try:
            if self.source.fault:
                raise FeedError(self.source.fault)
            async with self.requests:
                await self._read()
        except FeedError as error:
            self.report.error = error
        except BudgetLow as reason:
            self.report.stopped = f"{reason} What was not read is read first by the next run."
        self.report.request_count = self.requests.count
        self.report.seconds = time.monotonic() - began

    async def _read(self) -> None:
        self._sort_places()
        await self._read_places()
        if self.is_me_unknown and self.users:
            await self._read_own_organization()
            await self._read_places()
        if self.key_errors and not self.report.walks:
            raise self.key_errors[0]

    async def _read_places(self) -> None:
        while self.places:
            place = self.places.pop(0)
            name = place.list.name
            if name not in self.readable and self.refusals[name] >= REFUSED_AFTER:
                continue
            if self.stop_at is not None and time.monotonic() >= self.stop_at:
                raise BudgetLow("The time of the run is used up.")
            await (self._read_usage(place) if name == USAGE else self._read_list(place))

    def _sort_places(self) -> None:
        """Parents first, then what was read longest ago: no list starves if runs stop early."""
        self.places.sort(key=self._order)

    def _order(self, place: Place) -> tuple[bool, datetime, int]:
        never = datetime.min.replace(tzinfo=UTC)
        return bool(place.list.parent), self.walked.complete_at.get(place.key, never), LISTS.index(place.list)

    async def _read_list(self, place: Place) -> None:
        walk = self._begin(*place.key)
        try:
            items = await read_walk(self.requests.getter(place.list.api, walk), place, walk)
        except FeedError as error:
            await self._fail(place, walk, error)
            return
        self._succeed(place, items)
        if place.list.name != ME:
            await self._land(walk)

    async def _read_usage(self, place: Place) -> None:
        days = {day: self._begin(USAGE, str(day)) for day in due_days(self.walked.usage_day)}
        first = next(iter(days.values()))
        try:
            await read_usage(self.requests.getter(place.list.api, first), place, days)
        except FeedError as error:
            await self._fail(place, first, error)
            return
        self._succeed(place, ())
        for walk in days.values():
            walk.started_at, walk.last_request_id = first.started_at, first.last_request_id
            await self._land(walk)

    def _begin(self, list_name: str, parent_id: str | None) -> Walk:
        return Walk(source=self.source.name, list_name=list_name, parent_id=parent_id, dagster_run_id=self.run_id)

    async def _land(self, walk: Walk, error: str | None = None) -> None:
        walk.end(error)
        self.report.walks.append(walk)
        await self.land(walk)

    def _succeed(self, place: Place, items: Sequence[Mapping[str, Any]]) -> None:
        self.outages = 0
        self.readable.add(place.list.name)
        if place.list.name == ORGANIZATIONS:
            self.users = {str(item["uuid"]): set() for item in items}
        if place.list.name == "users":
            self.users[place.ids[ORGANIZATIONS]] = {str(item["id"]) for item in items}
        if place.list.is_shared:
            self.places = [other for other in self.places if other.list is not place.list]
        self._add_places_below(place, items)

    def _add_places_below(self, place: Place, items: Sequence[Mapping[str, Any]]) -> None:
        for one in (one for one in LISTS if one.parent == place.list.name):
            for item in items:
                item_id = place.list.item_id(item) if place.list.item_id else None
                if item_id and one.is_read_below(item):
                    self.places.append(Place(one, {**place.ids, place.list.name: str(item_id)}))
        self._sort_places()

    async def _fail(self, place: Place, walk: Walk, error: FeedError) -> None:
        """Note a list that the key cannot read. Any other failure is a failed walk, and may end the reading."""
        name = place.list.name
        self.refusals[name] += isinstance(error, ListRefused) and error.status == 403
        if self._is_unreadable(place, walk, error):
            self.report.unreadable.setdefault(name, str(error))
            self.is_me_unknown |= name == ME and isinstance(error, ListRefused)
            if isinstance(error, KeyRefused):
                self.key_errors.append(error)
                self.places = [other for other in self.places if other.list.api is not place.list.api]
            return
        log.warning("%s: %s: %s", self.source.name, walk.name, error)
        await self._land(walk, str(error))
        self.outages = self.outages + 1 if isinstance(error, FeedUnavailable) else 0
        if isinstance(error, ClocksDiffer | KeyRefused | KeyEchoed | WrongAddress) or self.outages >= OUTAGE_AFTER:
            raise error

    def _is_unreadable(self, place: Place, walk: Walk, error: FeedError) -> bool:
        """Whether the answer says that this key does not open the list, rather than that something went wrong.

        Something did go wrong if the list was read before and is now refused, or was listed a moment ago and
        is not found. One API may not know the keys of the other.
        """
        if walk.page_count or place.key in self.walked.complete_at:
            return False
        if isinstance(error, KeyRefused):
            return not place.list.parent
        return isinstance(error, ListRefused) and (error.status == 403 or not place.parent_id)

    async def _read_own_organization(self) -> None:
        """Read what the key's scopes open of the Admin API, which does not name the key's organization."""
        place = Place(MEMBERS, {ME: ""})
        walk = self._begin(MEMBERS.name, None)
        try:
            items = await read_walk(self.requests.getter(Api.ADMIN, walk), place, walk)
        except FeedError as error:
            await self._fail(place, walk, error)
            return
        organization = organization_of(walk.items.keys(), self.users)
        if organization is None:
            self.report.unreadable[MEMBERS.name] = "it is not clear to which organization the key belongs"
            return
        walk.parent_id = organization
        self._succeed(place, items)
        await self._land(walk)
        self.report.unreadable.pop(ME, None)
        below = [one for one in LISTS if one.parent == ME and one.scopes and one is not MEMBERS]
        self.places = [Place(one, {ME: organization}) for one in below]
