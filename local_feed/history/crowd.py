"""The people and keys of a larger history that have no story: they join, change, and some leave."""

from local_feed.history.cast import ANTHROPIC, Person, api_actor, scim_actor
from local_feed.history.chronicle import FOREVER, Chronicle, KeyLife
from local_feed.history.credentials import change
from local_feed.history.ids import number, opaque

_FIRST = ("Aiko", "Björn", "Céline", "Dmitri", "Esra", "Fatima", "Gwen", "Hao", "Ivo", "Jana", "Kwame", "Léa")
_LAST = ("Abe", "Berg", "Costa", "Díaz", "Eriksen", "Fischer", "Gupta", "Hansen", "Ito", "Jones", "Kaya", "Löf")
_ROLES = ("user", "developer", "admin")


def size_of(activities: int) -> int:
    """How many people without a story a history of this size has."""
    return min(2_000, max(0, activities - 1_500) // 120)


def record_stories(c: Chronicle, count: int) -> None:
    """Record `count` people, and a key for every tenth of them."""
    for n in range(count):
        person = _person(c, n)
        joined = _comes(c, person, n)
        last = _changes(c, person, n, joined)
        if n % 10 == 3:
            _makes_key(c, person, n, max(joined, 0.0) + 0.3)
        if n % 3 == 1:
            _goes(c, person, n, last)


def _person(c: Chronicle, n: int) -> Person:
    first, last = _FIRST[n % 12], _LAST[(n // 12 + n) % 12]
    return c.cast.person(f"crowd {n}", f"{first} {last}", f"member{n:04d}@meridian.example", since=c.start - 1)


def _comes(c: Chronicle, person: Person, n: int) -> float:
    """The story day of joining; negative for people from before logging began."""
    meridian, day = c.cast.meridian, 1 + number(4000, c.cast.seed, "joins", n) / 10
    if n % 5 < 2:
        c.joins(person, meridian)
        return -1.0
    email, bruno = person.email(c.moment(day)), c.cast.people["bruno"]
    if n % 5 == 4:
        directory = opaque("directory", c.cast.seed)
        at = c.record(day, "scim_user_created", scim_actor(directory, n), meridian, user_id=person.user_id)
        facts = {"user_id": person.user_id, "user_email": email, "previous_role": None, "current_role": "user"}
        c.record(day + 0.003, "claude_user_role_updated", ANTHROPIC, meridian, **facts)
    else:
        facts = {"invited_email": email, "invited_role": "user", "invited_seat_tier": "standard"}
        c.record(day, "org_user_invite_sent", bruno, meridian, **facts)
        day += 0.5
        invite = opaque("invite", c.cast.seed, "crowd", n)
        at = c.record(day, "org_user_invite_accepted", person, meridian, invite_id=invite)
    c.joins(person, meridian, at)
    return day


def _changes(c: Chronicle, person: Person, n: int, joined: float) -> float:
    day, role = max(joined, 0.0) + 2, "user"
    bruno, meridian = c.cast.people["bruno"], c.cast.meridian
    for step in range(number(4, c.cast.seed, "changes", n)):
        day += 1 + number(300, c.cast.seed, "pause", n, step) / 10
        after = _ROLES[(_ROLES.index(role) + 1 + step % 2) % 3]
        email = person.email(c.moment(day))
        facts = {"user_id": person.user_id, "user_email": email, "previous_role": role, "current_role": after}
        c.record(day, "claude_user_role_updated", bruno, meridian, **facts)
        role = after
    return day


def _makes_key(c: Chronicle, person: Person, n: int, day: float) -> None:
    key, meridian = opaque("apikey", c.cast.seed, "crowd", n), c.cast.meridian
    c.record(day, "api_key_created", person, meridian, api_key_id=key, scopes=["read:compliance_activities"])
    until = FOREVER
    if n % 20 == 3:
        state = change("activation_state", "ACTIVE", ("INACTIVE", "ARCHIVED")[n % 40 > 20])
        updates = [change("name", "", f"key {n}"), state]
        later, owner = min(day + 60, 545.0), c.cast.people["bruno"]
        until = c.record(later, "scoped_api_key_updated", owner, meridian, api_key_id=key, updates=updates)
    c.keys.append(KeyLife(api_actor(key), c.moment(day), until))


def _goes(c: Chronicle, person: Person, n: int, after: float) -> None:
    day, meridian = after + 10 + number(400, c.cast.seed, "goes", n) / 10, c.cast.meridian
    if n % 2:
        at = c.record(day, "org_user_left", person, meridian, previous_role=None)
    else:
        facts = {"deleted_user_id": person.user_id, "deleted_user_email": person.email(c.moment(day))}
        at = c.record(day, "org_user_deleted", c.cast.people["bruno"], meridian, **facts)
    c.goes(person, meridian, at)
