"""The documented activity types, and plausible values for their fields.

The catalog knows which values a field can have. What happens is in the stories.
"""

import json
import re
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

from local_feed.history.cast import Cast
from local_feed.history.ids import number, opaque

_QUOTED = re.compile(r'"([^"]*)"')
_PREFIXES = {
    "user_id": "user",
    "workspace_id": "wrkspc",
    "group_id": "group",
    "role_id": "rbac_role",
    "api_key_id": "apikey",
    "service_account_id": "svcac",
    "organization_id": "org",
}
_WORDS = {
    "url": "https://internal.example.com/path?q=1&lang=da",
    "email": "someone@meridian.example",
    "domain": "meridian.example",
    "cidr": "203.0.113.0/24",
    "file": "Kvartal 3 \u2013 résumé.pdf",
    "date": "2025-06-30",
    "version": "1.4.2",
    "provider": "google_drive",
    "role": "developer",
    "tier": "premium",
    "reason": "requested by the owner",
    "status": "active",
    "type": "organization",
    "name": "Quarterly planning",
    "slug": "quarterly-planning",
    "hour": "2025-06-30T14:00:00Z",
    "geo": "eu",
}


@cache
def documented() -> dict[str, dict[str, Any]]:
    """The documented types, each with its actors and fields."""
    path = Path(__file__).parent.parent / "activity_types.json"
    return json.loads(path.read_text(encoding="utf-8"))


class FieldValues:
    """Makes values for fields. The same seed gives the same values in the same order."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._serial = 0
        self._people = cycle([person.user_id for person in cast.people.values()])

    def fields(self, kind: str, *, sparse: bool = False) -> dict[str, Any]:
        """Values for all fields of a documented type. `sparse` leaves out or nulls optional fields."""
        return self._object(documented()[kind]["fields"], sparse)

    def _object(self, fields: dict[str, Any], sparse: bool) -> dict[str, Any]:
        if sparse:
            fields = {name: spec for name, spec in fields.items() if spec["required"] or self._next(2)}
        return {name: self.value(name, spec, sparse) for name, spec in fields.items()}

    def variant(self, variant: dict[str, Any]) -> dict[str, Any]:
        """One entry of a documented union, such as one changed setting."""
        return self._object(variant, sparse=False)

    def value(self, name: str, spec: dict[str, Any], sparse: bool = False) -> Any:
        """A valid value for the field."""
        kind = spec["type"].replace("\u2060", "").removesuffix("Deprecated").strip()
        if kind.endswith("or null"):
            if sparse:
                return None
            kind = kind.removesuffix("or null").strip()
        if kind.startswith("array of object") and "variants" in spec:
            return [self.variant(spec["variants"][self._next(len(spec["variants"]))])]
        if kind.startswith("array of object"):
            return [self._object(spec["fields"], sparse) for _ in range(1 + self._next(2))]
        if kind.startswith("array of "):
            item = {"type": kind.removeprefix("array of ")}
            return [self.value(name.removesuffix("s"), item) for _ in range(1 + self._next(3))]
        if kind.startswith("object"):
            return self._object(spec.get("fields", {}), sparse)
        if kind.startswith("map["):
            return {key: self.value(key, {"type": kind[4:-1]}) for key in ("first", "sécond")}
        return self._plain(name, kind)

    def _plain(self, name: str, kind: str) -> Any:
        choices = [choice for choice in _QUOTED.findall(kind) if choice != "unspecified"]
        if choices:
            return choices[self._next(len(choices))]
        if kind == "boolean":
            return bool(self._next(2))
        if kind == "number":
            return self._next(5000) / 100 if "usd" in name else self._next(50)
        if kind == "unknown":
            return [True, 3, "text", None, {"deep": [1.5]}][self._next(5)]
        return self._text(name)

    def _text(self, name: str) -> str:
        if name in ("user_id", "account_id", "submitted_by_user_id"):
            return next(self._people)
        if name.endswith("_id"):
            prefix = next((p for end, p in _PREFIXES.items() if name.endswith(end)), name.removesuffix("_id"))
            return opaque(prefix, self._cast.seed, name, self._next(1 << 40))
        if name.endswith("_at"):
            return "2026-01-31T12:00:00Z"
        return next(
            (text for word, text in _WORDS.items() if word in name), f"{name.replace('_', ' ')} {self._next(90)}"
        )

    def _next(self, limit: int) -> int:
        self._serial += 1
        return number(limit, self._cast.seed, "imagined", self._serial)
