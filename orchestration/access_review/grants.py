"""What was held on one day, compared with another: one row per holder and grant, from `access_grants`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from orchestration.access_review.cells import Row
from orchestration.access_review.table import COLUMNS

IDLE = timedelta(days=90)
# The feed shows no use of other credentials, and none of platform keys that call models.
USE_IS_SHOWN = frozenset({"scoped_api_key", "admin_api_key", "service_account", "unknown"})
PLACES_WITH_ROLES = frozenset({"organization", "workspace"})

# Whether somebody is a member, by person and by organization that they have ever been in.
Stays = dict[str, dict[str, bool]]


@dataclass(frozen=True, slots=True)
class Held:
    """What the marts know by the end of the reviewed day. `uses`: last use by type and id of the key."""

    periods: list[Row]
    people: dict[str, Row]
    uses: dict[tuple[str, str], datetime]

    def rows(self, until: datetime, since: datetime) -> list[Row]:
        """The rows of the review: what is held at `until`, and what was held after `since` and has ended."""
        stays = _stays(self.periods, until)
        grants = [grant for periods in _by_grant(self.periods) if (grant := _grant(periods, until, since))]
        unknown = [
            _unknown_place(user_id)
            for user_id, person in self.people.items()
            if user_id not in stays and person["last_activity_at"] is not None
        ]
        rows = [self._with_holder(grant, stays, until) for grant in [*grants, *unknown]]
        order = ("holder_type", "holder_email", "holder_id", "grant_type", "grant_id", "role")
        return sorted(rows, key=lambda row: tuple((row[name] is None, row[name] or "") for name in order))

    def _with_holder(self, grant: Row, stays: Stays, until: datetime) -> Row:
        person = self.people.get(grant["holder_id"], {}) if grant["holder_type"] == "user" else {}
        row = grant | {
            "holder_name": person.get("full_name", grant["holder_name"]),
            "holder_email": person.get("current_email"),
            "holder_status": _status(stays.get(grant["holder_id"], {})) if person else None,
            "last_active_at": person.get("last_engaged_at"),
            "last_used_at": self.uses.get((grant["grant_type"], grant["grant_id"])) if grant["is_key"] else None,
        }
        return row | {"remarks": _remarks(row, stays, until)}


def is_held(period: Row, moment: datetime) -> bool:
    """Whether the period covers the moment."""
    begun = period["valid_from"] is None or period["valid_from"] <= moment
    return begun and (period["valid_to"] is None or moment < period["valid_to"])


def _by_grant(periods: Iterable[Row]) -> Iterator[list[Row]]:
    for _, group in groupby(periods, key=lambda period: period["grant_key"]):
        yield list(group)


def _grant(periods: list[Row], until: datetime, since: datetime) -> Row | None:
    """What became of one grant; None if it had ended by `since`."""
    now = next((period for period in periods if is_held(period, until)), None)
    ended = [period for period in periods if period["valid_to"] and since < period["valid_to"] <= until]
    period = now or max(ended, key=lambda one: one["valid_to"], default=None)
    if period is None:
        return None
    before = next((one for one in periods if is_held(one, since)), None)
    if now is None:
        change = "ended"
    elif before is None:
        change = "new"
    elif before["access_grant_id"] == period["access_grant_id"]:
        change = "kept"
    else:
        change = "role changed" if before["role"] != period["role"] else "given again"
    over: dict[str, Any] = {"ended_at": None, "end_reason": None, "ended_by": None}
    if now is None:
        over = {
            "ended_at": period["valid_to"],
            "end_reason": period["end_reason"],
            "ended_by": period["ended_by_email"] or period["ended_by_actor_id"],
        }
    return period | over | {
        "is_held": now is not None,
        "granted_by": period["granted_by_email"] or period["granted_by_actor_id"],
        "invited_by": period["invited_by_email"] or period["invited_by_actor_id"],
        "change": change,
        "previous_role": before["role"] if before and not period["is_key"] else None,
    }  # fmt: skip


def _stays(periods: Iterable[Row], until: datetime) -> Stays:
    stays: Stays = {}
    for period in periods:
        if period["grant_type"] == "organization" and period["holder_type"] == "user":
            of_person = stays.setdefault(period["holder_id"], {})
            of_person[period["grant_id"]] = of_person.get(period["grant_id"], False) or is_held(period, until)
    return stays


def _status(memberships: dict[str, bool]) -> str:
    if not memberships:
        return "not known"
    return "member" if any(memberships.values()) else "left"


def _unknown_place(user_id: str) -> Row:
    """The row of someone who acts, but whose membership is in no record."""
    return dict.fromkeys((*COLUMNS, "held_since")) | {
        "holder_type": "user", "holder_id": user_id, "grant_type": "organization", "is_key": False,
        "is_administrator": False, "is_held": True, "change": "not known",
    }  # fmt: skip


def _has_maker_left(row: Row, stays: Stays) -> bool:
    """Whether the key's maker is no longer a member of its organization; of any, where the key names none."""
    memberships = stays.get(row["holder_id"], {}) if row["holder_type"] == "user" else {}
    own = row["organization_uuid"]
    return not all(is_member for place, is_member in memberships.items() if own in (None, place))


def _remarks(row: Row, stays: Stays, until: datetime) -> list[str]:
    if not row["is_held"]:
        return []
    if row["change"] == "not known":
        return ["membership not known"]
    last, used = row["last_active_at"], row["last_used_at"] or row["granted_at"]
    is_recent = row["held_since"] is not None and row["held_since"] > until - IDLE
    is_idle = row["holder_status"] == "member" and not is_recent and (not last or last < until - IDLE)
    remarks = {
        "holder has left": _has_maker_left(row, stays) if row["is_key"] else row["holder_status"] == "left",
        "administrator": row["is_administrator"],
        "no activity in 90 days": row["grant_type"] == "organization" and is_idle,
        "no use seen in 90 days": row["grant_type"] in USE_IS_SHOWN and (not used or used < until - IDLE),
        "older than the log": row["granted_at"] is None,
        "role not known": row["role"] is None and row["grant_type"] in PLACES_WITH_ROLES,
        "maker not known": row["is_key"] and row["grant_type"] != "service_account" and row["holder_id"] is None,
        "not proven": row["is_proven"] is False,
    }
    return [remark for remark, applies in remarks.items() if applies]
