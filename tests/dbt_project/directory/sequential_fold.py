"""The rules of membership periods as a short sequential fold, and random histories to compare the SQL with."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.dbt_project.directory.stories import Story

ROLES = ["user", "admin", "owner"]
FIRST = datetime(2026, 4, 1, 8)
Row = tuple[str | None, datetime | None, datetime | None, str | None, str | None]


@dataclass
class Signal:
    """An event or an observation of one user. `effect` is `begin`, `change` or `end`."""

    at: datetime
    effect: str
    reason: str
    role: str | None = None
    previous: str | None = None
    walk_end: datetime | None = None
    joined: datetime | None = None
    is_first_walk: bool = False
    is_dated_by_event: bool = True


@dataclass
class Period:
    role: str | None
    start: datetime | None
    start_reason: str | None
    is_movable: bool
    end: datetime | None = None
    end_reason: str | None = None


@dataclass
class Stay:
    periods: list[Period]
    previous_end: datetime | None
    joined: list[datetime] = field(default_factory=list)


def placed(signals: list[Signal]) -> list[Signal]:
    """Signals in order of time, an observation after the first event that says the same soon after it."""
    events = sorted((one for one in signals if one.walk_end is None), key=lambda one: one.at)
    keys = {id(one): (one.at, 0) for one in events}
    for one in (one for one in signals if one.walk_end is not None):
        soon = [event for event in events if one.at < event.at <= one.walk_end + timedelta(minutes=1)]
        for number, event in enumerate(soon):
            is_untouched = all(
                before.effect != "end" and before.role in (None, one.role) for before in soon[:number]
            )
            if one.effect == "end":
                says_the_same = event.effect == "end"
            elif event.role is None:
                says_the_same = event.effect == "begin" and is_untouched
            else:
                says_the_same = event.effect in ("begin", "change") and event.role == one.role
            if says_the_same:
                one.at, one.reason, one.is_first_walk, one.is_dated_by_event = event.at, event.reason, False, True
                break
        keys[id(one)] = (one.at, 1)
    return sorted(signals, key=lambda one: keys[id(one)])


def fold(signals: list[Signal]) -> list[Row]:
    """The periods of one membership."""
    stays: list[Stay] = []
    is_open, is_known = False, False
    last_end: datetime | None = None
    for one in placed(signals):
        unseen = not is_known and (one.is_first_walk or (one.walk_end is None and one.effect != "begin"))
        if not is_open and unseen:
            reason = "directory" if one.is_first_walk else None
            role = one.role if one.is_first_walk else one.previous
            stays.append(Stay([Period(role, None, reason, True)], None))
            is_open = True
        elif not is_open and (
            one.effect == "begin"
            or (one.effect == "change" and (last_end is None or one.at > last_end + timedelta(minutes=5)))
        ):
            previous_end = stays[-1].periods[-1].end if stays else None
            stays.append(Stay([Period(one.role, one.at, one.reason, not one.is_dated_by_event)], previous_end))
            is_open = True
        if is_open:
            _apply(stays[-1], one)
        if one.effect == "end" and (one.walk_end is None or is_open):
            last_end = one.at
        is_open = is_open and one.effect != "end"
        is_known = is_known or one.effect != "end" or one.walk_end is None
    return [row for stay in stays for row in _rows(stay)]


def _apply(stay: Stay, one: Signal) -> None:
    """What a signal does to an open stay."""
    current = stay.periods[-1]
    if one.effect == "end":
        current.end, current.end_reason = one.at, one.reason
        return
    if one.joined and (stay.previous_end is None or one.joined > stay.previous_end):
        stay.joined.append(one.joined)
    if one.role is None or one.role == current.role:
        return
    is_observed = one.walk_end is not None
    if current.role is None and one.effect == "begin":
        current.role = one.role
    elif one.effect == "change" or is_observed:
        current.end, current.end_reason = one.at, "role_changed"
        stay.periods.append(Period(one.role, one.at, one.reason, False))


def _rows(stay: Stay) -> list[Row]:
    first = stay.periods[0]
    if first.is_movable and stay.joined and (first.end is None or min(stay.joined) <= first.end):
        first.start, first.start_reason = min(stay.joined), first.start_reason or "directory"
    return [
        (one.role, one.start, one.end, one.start_reason, one.end_reason)
        for one in stay.periods
        if one.start is None or one.end is None or one.start < one.end
    ]


def random_story(number: int) -> tuple[Story, dict[str, list[Row]]]:
    """A story of one organization, and the periods of its users by the fold above."""
    chance = random.Random(number)
    story = Story(f"random{number}")
    users = [f"r{number}_{letter}" for letter in "abcd"]
    signals: dict[str, list[Signal]] = {user: [] for user in users}
    starts = [FIRST + timedelta(hours=6 * index, minutes=chance.randrange(60)) for index in range(4)]
    for user in users:
        for moment in _moments(chance, starts):
            signals[user].append(_event(chance, story, user, moment))
    shown: set[str] = set()
    for index, start in enumerate(starts):
        items = {user: (chance.choice(ROLES), start - timedelta(hours=chance.randrange(40)))
                 for user in users if chance.random() < 0.6}  # fmt: skip
        when = f"{start:%m-%d %H:%M:%S}"
        has_dates = number % 2 == 1
        if has_dates:
            story.members(
                when, {user: (role, f"{joined:%m-%d %H:%M:%S}") for user, (role, joined) in items.items()}
            )
        else:
            story.users(when, {user: role for user, (role, _) in items.items()})
        observed: dict[str, Any] = {"walk_end": start + timedelta(minutes=1), "is_dated_by_event": False}
        for user, (role, joined) in items.items():
            signals[user].append(Signal(
                start, "begin", "directory", role, joined=joined if has_dates else None, is_first_walk=index == 0,
                **observed,
            ))  # fmt: skip
        for user in shown - items.keys():
            signals[user].append(Signal(start, "end", "absent_from_directory", **observed))
        shown = set(items)
    return story, {user: fold(found) for user, found in signals.items()}


def _moments(chance: random.Random, starts: list[datetime]) -> list[datetime]:
    """Distinct times, some of them around a walk or soon after another event."""
    moments: set[datetime] = set()
    for _ in range(chance.randrange(7)):
        near = [start + timedelta(seconds=chance.choice([-40, 25, 90, 150])) for start in starts]
        soon = [moment + timedelta(minutes=chance.choice([2, 4, 7])) for moment in sorted(moments)]
        anywhere = [FIRST + timedelta(minutes=chance.randrange(-120, 1700), seconds=7)]
        moments.add(chance.choice([chance.choice(near), *soon, *anywhere]))
    return sorted(moments)


def _event(chance: random.Random, story: Story, user: str, moment: datetime) -> Signal:
    when = f"{moment:%m-%d %H:%M:%S}"
    role, previous = chance.sample(ROLES, 2)
    kind = chance.choice(["added", "removed", "role_changed", "provisioned", "deprovisioned", "role_changed"])
    if kind == "provisioned":
        story.event(when, "scim_user_created", user_id=user)
        return Signal(moment, "begin", kind)
    if kind == "deprovisioned":
        story.event(when, "scim_user_deleted", user_id=user)
        return Signal(moment, "end", kind)
    if kind == "added":
        story.role(when, user, None, role)
        return Signal(moment, "begin", kind, role)
    if kind == "removed":
        story.role(when, user, previous, None)
        return Signal(moment, "end", kind, previous=previous)
    story.role(when, user, previous, role)
    return Signal(moment, "change", kind, role, previous)


RANDOM = [random_story(number) for number in range(60)]
