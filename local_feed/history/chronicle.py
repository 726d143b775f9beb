"""The book that stories are written into: events, who was a member when, which keys lived when, when
logging was off.

Stories say when in days since the history begins (3.5 is noon of the fourth day); in a window of other
length than the default one, days stretch or shrink with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local_feed.history.cast import Cast, Organization, Person, user_actor
from local_feed.history.ids import number
from local_feed.instants import DAY, SECOND

STORY_DAYS = 549
FOREVER = 2**62

Actor = Person | dict[str, object]
"""A person as they are at that time, or an actor as it is written down."""


@dataclass(frozen=True)
class Event:
    """One activity before it is written out. `raw` takes the place of everything else where it is given."""

    at: int
    kind: str
    actor: dict[str, object]
    organization: Organization | None
    fields: dict[str, object]
    digits: int | None = None
    raw: str | None = None


@dataclass
class Stay:
    """Someone's unbroken membership in an organization (microseconds)."""

    person: Person
    organization: Organization
    since: int
    until: int = FOREVER


@dataclass(frozen=True)
class KeyLife:
    """A key or account that is used from time to time between two moments."""

    actor: dict[str, object]
    since: int
    until: int
    organization: Organization | None = None
    kinds: tuple[str, ...] = ("compliance_api_accessed",)


@dataclass
class Chronicle:
    """Everything that the stories decide."""

    cast: Cast
    start: int
    end: int
    events: list[Event] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    keys: list[KeyLife] = field(default_factory=list)
    silences: list[tuple[Organization, int, int]] = field(default_factory=list)

    def moment(self, day: float) -> int:
        """Microseconds of a story day."""
        return self.start + round((self.end - self.start) * day / STORY_DAYS)

    def silence(self, organization: Organization, since: float, until: float) -> None:
        """Nothing of this organization is recorded between two story days."""
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
        """Write an event down (unless logging is off) and give its time. `exactly` overrides the day.

        `facts` holds fields whose names this function uses itself.
        """
        at = self.moment(day) + number(SECOND, self.cast.seed, kind, day) if exactly is None else exactly
        at = min(at, self.end)
        # A time is what its text says, also where that has fewer digits.
        at -= at % 10 ** (6 - digits) if digits is not None else 0
        if not self.is_silent(organization, at):
            who = user_actor(actor, at) if isinstance(actor, Person) else actor
            self.events.append(Event(at, kind, who, organization, {**(facts or {}), **fields}, digits))
        return at

    def joins(self, person: Person, organization: Organization, at: int | None = None) -> None:
        """Someone is a member from a time on (None: since before the history begins)."""
        self.stays.append(Stay(person, organization, self.start - DAY if at is None else at))

    def goes(self, person: Person, organization: Organization, at: int) -> None:
        """Someone's membership ends."""
        for stay in self.stays:
            if stay.person is person and stay.organization is organization and stay.until == FOREVER:
                stay.until = at
                return
        raise ValueError(f"{person.name} is not in {organization.name}")
