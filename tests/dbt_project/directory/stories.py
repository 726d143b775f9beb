"""Made-up organizations with some events and some directory walks."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.dbt_project.walks import Item, Items, Walk

# Each period: role, from, to, and why it began and ended.
Periods = list[tuple[str | None, str | None, str | None, str | None, str | None]]


def at(text: str | None) -> datetime | None:
    """`02-01`, `02-01 11:30` or `02-01 11:30:05` of 2026; ten o'clock where no time is given."""
    if text is None:
        return None
    day, _, time = text.partition(" ")
    return datetime.fromisoformat(f"2026-{day} {time or '10:00'}")


@dataclass
class Story:
    """An organization, with ids of its own. `org` is its UUID; each source reads one directory."""

    name: str
    events: list[bytes] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)

    @property
    def org(self) -> str:
        return f"org-{self.name}"

    def event(self, when: str, activity_type: str, actor: Item | None = None, **fields: Any) -> "Story":
        moment = at(when)
        assert moment is not None
        record = {
            "id": f"activity_{self.name}_{len(self.events):03}",
            "created_at": f"{moment.isoformat()}Z",
            "organization_id": f"oid_{self.org}",
            "organization_uuid": self.org,
            "actor": actor or {"type": "user_actor", "user_id": f"user_{self.name}_admin"},
            "type": activity_type,
        }
        self.events.append(json.dumps(record | fields).encode())
        return self

    def role(self, when: str, user: str, previous: str | None, current: str | None) -> "Story":
        return self.event(
            when, "claude_user_role_updated", user_id=user, previous_role=previous, current_role=current
        )

    def group(self, when: str, change: str, group: str, *users: str) -> "Story":
        return self.event(when, f"group_member_{change}", group_id=group, member_ids=list(users))

    def walk(self, when: str, list_name: str, items: Items, parent: str | None = "", **options: Any) -> "Story":
        """Add a walk; `parent` is the organization unless given."""
        moment = at(when)
        assert moment is not None
        source = options.pop("source", self.name)
        parent_id = self.org if parent == "" else parent
        self.walks.append(Walk(list_name, parent_id, moment, items, source, **options))
        return self

    def users(self, when: str, roles: dict[str, str], **options: Any) -> "Story":
        """A walk of the compliance list of users, by role."""
        items = {
            user: {
                "id": user,
                "email": f"{user}@corp.example",
                "full_name": user.title(),
                "organization_role": role,
                "created_at": "2020-01-01T00:00:00Z",
            }
            for user, role in roles.items()
        }
        return self.walk(when, "users", items, **options)

    def members(self, when: str, roles: dict[str, tuple[str, str]], **options: Any) -> "Story":
        """A walk of the Admin API's list of members, by role and join date."""
        items = {
            user: {
                "id": user,
                "type": "user",
                "email": f"{user}@corp.example",
                "name": user.title(),
                "role": role,
                "added_at": f"{at(joined):%Y-%m-%dT%H:%M:%SZ}",
            }
            for user, (role, joined) in roles.items()
        }
        return self.walk(when, "members", items, **options)

    def group_members(self, when: str, group: str, users: Iterable[str], joined: str | None = None) -> "Story":
        stated = at(joined)
        items = {
            user: {
                "user_id": user,
                "email": f"{user}@corp.example",
                "created_at": stated and stated.isoformat(),
                "updated_at": None,
            }
            for user in users
        }
        return self.walk(when, "group_members", items, parent=group)


class Cases:
    """Stories, and the periods that an analyst would say follow from them."""

    def __init__(self) -> None:
        self.stories: list[Story] = []
        # Scope type, principal and periods.
        self.expected: list[tuple[str, str, Periods]] = []

    def story(self, name: str, **expected: Periods) -> "Story":
        """Start a story; `scope__user` names a scope type other than the organization."""
        made = Story(name)
        self.stories.append(made)
        for key, periods in expected.items():
            scope_type, _, user = key.rpartition("__")
            self.expected.append((scope_type or "organization", user, periods))
        return made
