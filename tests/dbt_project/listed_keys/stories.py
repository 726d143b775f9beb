"""Events and walks of made-up organizations, in the order of time, and built in one of three ways."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.dbt_project.cases.conftest import PARTS, SEED
from tests.dbt_project.walks import Directory, Items, Part, Walk


def at(text: str) -> datetime:
    """A time in 2026 from `02-01 10:00`, with seconds if need be."""
    return datetime.fromisoformat(f"2026-{text}")


@dataclass
class Story:
    """Activities and walks; every organization in it has lists of its own."""

    events: list[bytes] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)
    directory: Directory = field(default_factory=Directory)

    def event(self, organization: str, time: str, activity_type: str, **fields: Any) -> str:
        """Add an activity of a user unless `actor` says otherwise. Returns its id."""
        activity_id = f"activity_{organization}_{len(self.events):04}"
        record = {
            "id": activity_id,
            "created_at": f"{at(time).isoformat()}Z",
            "organization_id": f"org_{organization}",
            "organization_uuid": organization,
            "actor": {
                "type": "user_actor",
                "user_id": f"user_{organization}_admin",
                "email_address": "a@k.example",
            },
            "type": activity_type,
        }
        self.events.append(json.dumps(record | fields).encode())
        return activity_id

    def walk(
        self, list_name: str, parent: str | None, time: datetime, items: Items, seconds: int = 30, **options: Any
    ) -> Walk:
        """Add a walk; those of one list come in the order of time."""
        walk = Walk(list_name, parent, time, items, seconds=seconds, **options)
        self.directory.observe(walk)
        self.walks.append(walk)
        return walk

    def report(self, day: str, time: datetime, usage: dict[str | None, int]) -> None:
        """Add a reading of the usage report: output tokens by key."""
        self.walk("usage", day, time, {}, usage=usage)

    def parts(self, way: str) -> Iterator[Part]:
        """What is stored before each build."""
        if way == "whole":
            yield self.events, self.walks
            return
        pieces = [(json.loads(text)["created_at"], text) for text in self.events]
        pieces += [(f"{walk.started_at.isoformat()}Z", walk) for walk in self.walks]
        pieces.sort(key=lambda piece: piece[0])
        if way == "shuffled":
            random.Random(SEED).shuffle(pieces)
        size = -(-len(pieces) // PARTS)
        for first in range(0, len(pieces), size):
            part = [piece for _, piece in pieces[first : first + size]]
            events = [piece for piece in part if isinstance(piece, bytes)]
            yield events, [piece for piece in part if isinstance(piece, Walk)]
