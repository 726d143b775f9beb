"""Keys as the events of a history leave them, and the inference that platform keys serve each day."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from local_feed.directory.made_up.people import in_order, long_before
from local_feed.directory.state import Directory
from local_feed.directory.usage import UsageRow
from local_feed.history.cast import Person
from local_feed.history.chronicle import Chronicle, Event
from local_feed.history.ids import number, opaque
from local_feed.instants import to_text

_WEEKEND = 5
_NAMES = {"prod": "production", "batch": "batch", "omar": "notebook", "tied": "tied"}
_MODELS = ("claude-opus-4-6", "claude-haiku-4-5")


def directory_key_id(seed: int) -> str:
    """The id under which the server's directory key acts."""
    return opaque("apikey", seed, "audit key")


def platform_key_id(c: Chronicle, name: str) -> str:
    """The id of a platform key of the stories."""
    return opaque("apikey", c.cast.seed, *(("tied",) if name == "tied" else ("platform", name)))


def hint(key_id: str) -> str:
    """The part of a key's secret that the API shows."""
    return f"sk-ant-api03-{key_id[-6:-3]}...{key_id[-4:]}"


def fill(directory: Directory, c: Chronicle) -> None:
    """Add the platform keys of the Console organization, and the Compliance Access Keys of the parent."""
    _platform_keys(directory, c)
    _compliance_keys(directory, c)


def _platform_keys(directory: Directory, c: Chronicle) -> None:
    console = c.cast.console.uuid
    names = {platform_key_id(c, key): name for key, name in _NAMES.items()}
    # Changed by an event, and created before logging began.
    old = platform_key_id(c, "old")
    add_platform_key(directory, c, old, name="key-1", created_at=long_before(c, old), owner=c.cast.people["priya"])
    people = {person.user_id: person for person in c.cast.people.values()}
    for event in in_order(c, "platform_api_key_created", "platform_api_key_updated"):
        key_id = str(event.fields["api_key_id"])
        if event.organization is not c.cast.console:
            continue
        if event.kind == "platform_api_key_created":
            owner = people[str(event.actor["user_id"])]
            add_platform_key(
                directory, c, key_id, name=names.get(key_id, "unnamed"), created_at=to_text(event.at), owner=owner
            )
        for kind, value in _updates(event):
            directory.modify("api_keys", key_id, console, **_changed(kind, value, event.at))
    # A key that dies with its owner would be archived; this one was forgotten.
    owner = {"type": "user_actor", "user_id": c.cast.people["omar"].user_id}
    directory.modify("api_keys", platform_key_id(c, "omar"), console, principal=owner)


def add_platform_key(
    directory: Directory,
    c: Chronicle,
    key_id: str,
    *,
    name: str,
    created_at: str,
    owner: Person,
    status: str = "active",
    expires_at: str | None = None,
) -> None:
    """Add a key of the Console organization, made by a person."""
    directory.add(
        "api_keys",
        c.cast.console.uuid,
        id=key_id,
        name=name,
        status=status,
        created_at=created_at,
        created_by={"id": owner.user_id, "type": "user"},
        expires_at=expires_at,
        partial_key_hint=hint(key_id),
    )


def _updates(event: Event) -> list[tuple[str, str]]:
    updates = event.fields.get("updates")
    return [(u["type"], u["current_value"]) for u in updates] if isinstance(updates, list) else []


def _changed(kind: str, value: str, at: int) -> dict[str, object]:
    match kind:
        case "name":
            return {"name": value}
        case "status":
            return {"status": value, **({"expires_at": to_text(at)} if value == "expired" else {})}
        case "workspace":
            return {"workspace_id": value, "scope": {"type": "workspace", "workspace_id": value}}
    return {}


def _compliance_keys(directory: Directory, c: Chronicle) -> None:
    """Deleted and archived keys are not listed."""
    for event in in_order(c, "api_key_created", "scoped_api_key_updated", "scoped_api_key_deleted"):
        key_id = str(event.fields["api_key_id"])
        if event.kind == "api_key_created":
            directory.add(
                "compliance_keys",
                id=key_id,
                name=f"key of {event.actor['email_address']}",
                scopes=event.fields["scopes"],
                created_at=to_text(event.at),
                created_by_id=event.actor["user_id"],
            )
        if directory.get("compliance_keys", key_id) is None:
            continue
        for kind, value in _updates(event):
            if kind == "name":
                directory.modify("compliance_keys", key_id, name=value)
            elif value == "ARCHIVED":
                directory.remove("compliance_keys", key_id)
            else:
                directory.modify("compliance_keys", key_id, is_active=value == "ACTIVE")
        if event.kind == "scoped_api_key_deleted":
            directory.remove("compliance_keys", key_id)


def usage_source(c: Chronicle) -> Callable[[str, date], list[UsageRow]]:
    """The inference of a day in the Console organization.

    One key has a day far above its own level, one serves inference after it was archived, and one from before
    logging began serves inference every day and does not appear in the feed.
    """
    apps, omar = opaque("wrkspc", c.cast.seed, "apps"), c.cast.people["omar"].user_id
    prod, ci, quiet, omars = (platform_key_id(c, name) for name in ("prod", "ci", "quiet", "omar"))
    days = {name: _date(c, day) for name, day in (("prod", 6), ("ci", 7), ("ended", 230), ("omar", 60))}
    spike, leak = _date(c, 500), _date(c, 401)

    def rows(organization: str, day: date) -> list[UsageRow]:
        if organization != c.cast.console.uuid:
            return []
        level = 100 if day.weekday() < _WEEKEND else 10
        found = [_row(c, quiet, day, 300)]
        if day > days["prod"]:
            found.append(_row(c, prod, day, 6_000 if day == spike else level, workspace_id=apps))
            found.append(_row(c, prod, day, level // 5, workspace_id=apps, model=_MODELS[1]))
        if days["ci"] < day < days["ended"] or day == leak:
            found.append(_row(c, ci, day, 40))
        if day > days["omar"]:
            found.append(_row(c, omars, day, 5))
        if day.day % 7 == 0:
            found.append(_row(c, None, day, 20, account_id=omar))
        return found

    return rows


def _row(
    c: Chronicle,
    key_id: str | None,
    day: date,
    level: int,
    workspace_id: str | None = None,
    model: str = _MODELS[0],
    account_id: str | None = None,
) -> UsageRow:
    count = level * (900 + number(200, c.cast.seed, "usage", key_id, model, day))
    return UsageRow(
        key_id,
        workspace_id,
        model,
        account_id,
        uncached_input_tokens=count,
        cache_read_input_tokens=3 * count,
        ephemeral_5m_input_tokens=count // 4,
        output_tokens=count // 5,
    )


def _date(c: Chronicle, day: float) -> date:
    return datetime.fromtimestamp(c.moment(day) // 1_000_000, UTC).date()
