"""Collects what the stories record: events, memberships, lifetimes of keys, and when logging was off.

Stories give times in days since the start of the history (3.5 is noon of the fourth day). If the history is longer
or shorter than the default, days scale with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local_feed.history.cast import Cast, Organization, Person, user_actor
from local_feed.history.ids import number, opaque
from local_feed.instants import DAY, SECOND

STORY_DAYS = 549
FOREVER = 2**62

Actor = Person | dict[str, object]
"""A person, or an actor object."""


@dataclass(frozen=True)
class Event:
    """One activity before it is rendered. `raw`: JSON text that replaces everything else."""

    at: int
    kind: str
    actor: dict[str, object]
    organization: Organization | None
    fields: dict[str, object]
    digits: int | None = None
    raw: str | None = None


@dataclass
class Stay:
    """A continuous membership in an organization; times in microseconds."""

    person: Person
    organization: Organization
    since: int
    until: int = FOREVER


@dataclass(frozen=True)
class KeyLife:
    """A key or account that is used now and then between two times (microseconds)."""

    actor: dict[str, object]
    since: int
    until: int
    organization: Organization | None = None
    kinds: tuple[str, ...] = ("compliance_api_accessed",)


@dataclass
class Chronicle:
    """Everything that the stories have recorded."""

    cast: Cast
    start: int
    end: int
    events: list[Event] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    keys: list[KeyLife] = field(default_factory=list)
    silences: list[tuple[Organization, int, int]] = field(default_factory=list)

    def moment(self, day: float) -> int:
        """The time (microseconds) of a story day."""
        return self.start + round((self.end - self.start) * day / STORY_DAYS)

    def silence(self, organization: Organization, since: float, until: float) -> None:
        """Switch logging off for the organization between two story days."""
        self.silences.append((organization, self.moment(since) + SECOND, self.moment(until)))

    def is_silent(self, organization: Organization | None, at: int) -> bool:
        """Whether logging is off for the organization at a time."""
        return any(quiet is organization and since < at < until for quiet, since, until in self.silences)

    def record(
        self,
        day: float,
        kind: str,
        actor: Actor,
        organization: Organization | None,
        *,
        exactly: int | None = None,
        digits: int | None = None,
        facts: Mapping[str, object] | None = None,
        **fields: object,
    ) -> int:
        """Record an event, unless logging is off, and return its time. `exactly` (microseconds) overrides the day.

        `facts`: fields whose names are parameters of this function.
        """
        at = self.moment(day) + number(SECOND, self.cast.seed, kind, day) if exactly is None else exactly
        at = min(at, self.end)
        # The time is what its text says, also with fewer digits.
        at -= at % 10 ** (6 - digits) if digits is not None else 0
        if not self.is_silent(organization, at):
            who = user_actor(actor, at) if isinstance(actor, Person) else actor
            self.events.append(Event(at, kind, who, organization, {**(facts or {}), **fields}, digits))
        return at

    def of(self, actor: Actor, organization: Organization | None) -> Callable[..., int]:
        """`record` of what this actor does in this organization."""
        return lambda day, kind, **fields: self.record(day, kind, actor, organization, **fields)

    def id(self, prefix: str, *parts: object) -> str:
        """An opaque id of this history."""
        return opaque(prefix, self.cast.seed, *parts)

    def joins(self, person: Person, organization: Organization, at: int | None = None) -> None:
        """Start a membership (None: before the start of the history)."""
        self.stays.append(Stay(person, organization, self.start - DAY if at is None else at))

    def goes(self, person: Person, organization: Organization, at: int) -> None:
        """End a membership."""
        for stay in self.stays:
            if stay.person is person and stay.organization is organization and stay.until == FOREVER:
                stay.until = at
                return
        raise ValueError(f"{person.name} is not in {organization.name}")
