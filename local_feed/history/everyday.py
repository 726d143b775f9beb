"""Everyday activities of members and keys: sign in, chat, read, upload, sign out, call the API.

Each day is made only from (seed, day), so that a history of any size can be written in any order with the memory
of one day. Only current members act, and nothing happens in an organization whose logging is off.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random

from local_feed.archive import Facet, Record
from local_feed.history.cast import Organization, Person, stranger
from local_feed.history.chronicle import Chronicle
from local_feed.history.ids import opaque_batch
from local_feed.instants import DAY, SECOND, to_text

_HOURS = (0, 6, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 14, 14)
_HOURS += (15, 15, 15, 16, 16, 16, 17, 17, 18, 19, 20, 21, 22, 23, 3)
_CLOCK = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
_DIGITS = (6, 6, 6, 6, 6, 6, 3, 3, 0, 0, 1, 2, 4, 5, 6, 6)
# No activity near the start and end of a membership: its own events come first and last.
_MARGIN = 60 * SECOND
_SIGN_INS = ("sso_login_succeeded", "social_login_succeeded", "magic_link_login_succeeded")
_STUMBLES = ("magic_link_login_failed", "sso_login_failed", "sso_login_initiated")
_WORK = (
    "claude_chat_viewed",
    "claude_chat_updated",
    "claude_chat_viewed",
    "claude_file_uploaded",
    "claude_file_viewed",
    "claude_artifact_created",
    "claude_artifact_viewed",
    "claude_project_viewed",
    "claude_chat_viewed",
) * 5 + ("claude_chat_access_failed",)
_CHAT = {"claude_chat_id": "claude_chat_01%s", "claude_project_id": None}
_FIELDS: dict[str, dict[str, object]] = {
    "sso_login_succeeded": {"auth_method": "sso", "mfa_method": "not_used"},
    "social_login_succeeded": {"auth_method": "social", "mfa_method": None, "provider": "google"},
    "magic_link_login_succeeded": {"auth_method": "magic_link"},
    "claude_chat_created": _CHAT,
    "claude_chat_viewed": _CHAT,
    "claude_chat_updated": _CHAT,
    "claude_chat_access_failed": {"claude_chat_id": "claude_chat_01%s"},
    "claude_file_uploaded": {"claude_file_id": "claude_file_01%s", "filename": "notes %.4s.pdf"},
    "claude_file_viewed": {"claude_file_id": "claude_file_01%s"},
    "claude_artifact_created": {"claude_artifact_id": "claude_artifact_01%s"},
    "claude_artifact_viewed": {"claude_artifact_id": "claude_artifact_01%s"},
    "claude_project_viewed": {"claude_project_id": "claude_proj_01%s", "preview_only": False},
    "compliance_api_accessed": {
        "request_id": "req_011C%s",
        "request_method": "GET",
        "status_code": 200,
        "url": "https://api.anthropic.com/v1/compliance/activities?limit=1000&after_id=%s",
    },
    "platform_agent_session_created": {"workspace_id": "wrkspc_01%s", "session_id": "session_01%s"},
    "platform_file_uploaded": {"file_id": "file_01%s", "session_id": "session_01%s"},
    "platform_skill_version_created": {"skill_id": "skill_01%s", "version": "%.3s"},
}

Draft = tuple[int, int, str, str, int, str, Facet]
"""Time, fraction digits, how the record goes on after its time (place and actor; type and fields; how many
ids these take), the id inside the record where it matters which, facet.
"""


@dataclass
class Presence:
    """An interval in which a person or key can act under one email address in one organization."""

    person: Person | None
    organization: Organization | None
    since: int
    until: int
    actors: list[dict[str, object]]
    kinds: tuple[str, ...] = ()
    heads: dict[tuple[int, bool, bool], str] = field(default_factory=dict)
    facets: dict[tuple[str, bool], Facet] = field(default_factory=dict)

    def draft(self, at: int, digits: int, variant: int, kind: str, inner_id: str = "", *, placed: bool) -> Draft:
        """A draft of an activity. `placed`: it names its organization."""
        # Some records have the spacing of other JSON writers.
        spaced = variant % 5 == 4
        look = (variant % len(self.actors), spaced, placed)
        if look not in self.heads:
            self.heads[look] = self._head(*look)
        if (kind, placed) not in self.facets:
            self.facets[kind, placed] = Facet(
                kind, *self._place(placed), self.person.user_id if self.person else None
            )
        tail, slots = _tail(kind, spaced)
        return (at, digits, self.heads[look], tail, slots, inner_id, self.facets[kind, placed])

    def _place(self, placed: bool) -> tuple[str, str] | tuple[None, None]:
        place = self.organization if placed else None
        return (place.id, place.uuid) if place else (None, None)

    def _head(self, actor: int, spaced: bool, placed: bool) -> str:
        organization_id, organization_uuid = self._place(placed)
        content = {
            "organization_id": organization_id,
            "organization_uuid": organization_uuid,
            "actor": self.actors[actor],
        }
        return _inside(content, spaced)


def _inside(content: dict[str, object], spaced: bool) -> str:
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(content, ensure_ascii=spaced, separators=separators)[1:-1]


@cache
def _tail(kind: str, spaced: bool) -> tuple[str, int]:
    text = _inside({"type": kind, **_FIELDS.get(kind, {})}, spaced)
    return text, text.count("%")


def presences(c: Chronicle) -> tuple[list[Presence], list[Presence]]:
    """Presences of people and of keys, split where addresses change and where logging is off."""
    people = []
    for stay in c.stays:
        moves = [since for since, _ in stay.person.emails[1:]]
        for since, until in _logged_intervals(
            c, stay.organization, stay.since + _MARGIN, stay.until - _MARGIN, moves
        ):
            actors = [
                {
                    "type": "user_actor",
                    "user_id": stay.person.user_id,
                    "email_address": stay.person.email(since),
                    "ip_address": address,
                    "user_agent": browser,
                }
                for address in stay.person.addresses
                for browser in stay.person.browsers
            ]
            people.append(Presence(stay.person, stay.organization, since, until, actors))
    keys = [
        Presence(None, key.organization, since, until, [key.actor], key.kinds)
        for key in c.keys
        for since, until in _logged_intervals(c, key.organization, key.since + 2 * SECOND, key.until, [])
    ]
    return people, keys


def _logged_intervals(
    c: Chronicle, organization: Organization | None, since: int, until: int, cuts: list[int]
) -> list[tuple[int, int]]:
    # Nothing was recorded before logging began.
    parts = [(max(since, c.moment(0.02)), until)]
    quiet = [(a - 2 * SECOND, b + 2 * SECOND) for who, a, b in c.silences if who is organization]
    for begin, end in [*quiet, *((cut, cut) for cut in cuts)]:
        parts = [
            piece for a, b in parts for piece in ((a, min(b, begin)), (max(a, end), b)) if piece[0] < piece[1]
        ]
    return sorted(set(parts))


class Everyday:
    """Makes the everyday activities of a day."""

    def __init__(self, c: Chronicle) -> None:
        self._seed = c.cast.seed
        self._people, self._keys = presences(c)
        self._members = [p for p in self._people if p.until > c.end + DAY]
        self._alive = [p for p in self._keys if p.until > c.end + DAY]
        self._strangers = [person.emails[0][1] for person in list(c.cast.people.values())[:20]]

    def day(self, begin: int, end: int, count: int) -> list[Record]:
        """Exactly `count` activities in `[begin, end)` (microseconds, within one UTC day), unordered."""
        random = Random(f"{self._seed} day {begin}")
        people = [p for p in self._people if p.since < end and p.until > begin]
        keys = [p for p in self._keys if p.since < end and p.until > begin]
        drafts: list[Draft] = []
        while len(drafts) < count:
            self._scene(random, people, keys, begin, end, drafts)
        return _write(drafts[:count], random)

    def one(self, at: int, number: int) -> Record:
        """Activity `number` of a live feed, at a time after the history."""
        random = Random(f"{self._seed} live {number}")
        drafts: list[Draft] = []
        begin = at - at % DAY
        while not drafts:
            self._scene(random, self._members, self._alive, begin, begin + DAY, drafts)
        draft = drafts[int(random.random() * len(drafts))]
        return _write([(at, 6, *draft[2:])], random)[0]

    def _scene(
        self,
        random: Random,
        people: list[Presence],
        keys: list[Presence],
        begin: int,
        end: int,
        drafts: list[Draft],
    ) -> None:
        draw = random.random
        hour = _HOURS[int(draw() * len(_HOURS))] * 3600
        at = begin - begin % DAY + round((hour + draw() * 3600) * SECOND)
        variant = int(draw() * 30)
        chance = draw()
        if not begin <= at < end:
            at = begin + int(draw() * (end - begin))
        if chance < 0.06 and keys:
            actor = keys[int(draw() * len(keys))]
            self._calls(draw, actor, at, min(end, actor.until), variant, drafts)
        elif chance < 0.09:
            self._stumbles(draw, at, variant, drafts)
        else:
            # A few people do much, many do little.
            actor = people[int(draw() * draw() * len(people))]
            self._works(draw, actor, at, min(end, actor.until), variant, drafts)

    def _calls(
        self, draw: Callable[[], float], actor: Presence, at: int, end: int, variant: int, drafts: list[Draft]
    ) -> None:
        if at < actor.since:
            return
        kind = actor.kinds[int(draw() * len(actor.kinds))]
        placed = actor.organization is not None
        for _ in range(1 + int(draw() * 5)):
            if at < end:
                drafts.append(actor.draft(at, 6, variant, kind, placed=placed))
            at += int(draw() * 3 * SECOND)

    def _stumbles(self, draw: Callable[[], float], at: int, variant: int, drafts: list[Draft]) -> None:
        kind = _STUMBLES[variant % 3]
        email = self._strangers[int(draw() * len(self._strangers))] if variant % 4 else None
        nobody = Presence(None, None, 0, 0, [stranger(email, variant)])
        drafts.append(nobody.draft(at, _DIGITS[int(draw() * 16)], variant, kind, placed=False))

    def _works(
        self, draw: Callable[[], float], actor: Presence, at: int, end: int, variant: int, drafts: list[Draft]
    ) -> None:
        if not actor.since <= at < end:
            return
        if draw() < 0.3:
            drafts.append(actor.draft(at, 6, variant, _SIGN_INS[variant % 3], placed=False))
            at += int(draw() * 60 * SECOND)
        chat = f"{int(draw() * 2**60):022d}"
        kind = "claude_chat_created"
        for _ in range(2 + int(draw() * 9)):
            if at >= end:
                return
            drafts.append(actor.draft(at, _DIGITS[int(draw() * 16)], variant, kind, chat, placed=True))
            kind = _WORK[int(draw() * len(_WORK))]
            # Sometimes several activities have the same microsecond.
            if draw() > 0.01:
                at += int(draw() * draw() * 600 * SECOND)
        if draw() < 0.2 and at < end:
            drafts.append(actor.draft(at, 0, variant, "user_logged_out", placed=False))


def _write(drafts: list[Draft], random: Random) -> list[Record]:
    noise = opaque_batch(random.randbytes(18 * len(drafts)))
    dates: dict[int, str] = {}
    records = []
    for n, (at, digits, head, tail, slots, inner_id, facet) in enumerate(drafts):
        at -= at % 10 ** (6 - digits)
        day, rest = divmod(at, DAY)
        seconds, micros = divmod(rest, SECOND)
        if day not in dates:
            dates[day] = to_text(day * DAY, 0)[:11]
        fraction = f".{micros:06d}"[: digits + 1] if digits else ""
        activity_id = "activity_" + noise[24 * n : 24 * n + 24]
        if slots:
            tail %= (inner_id or noise[24 * n + 2 : 24 * n + 24],) * slots
        created_at = f"{dates[day]}{_CLOCK[seconds]}{fraction}Z"
        text = f'{{"id":"{activity_id}","created_at":"{created_at}",{head},{tail}}}'
        records.append(Record(at, activity_id, facet, text.encode()))
    return records
