"""Covers the catalog: every documented type that no story has recorded happens at least once, by an allowed actor.

Types that start, change or end a membership or a credential are left to the stories, which they could contradict.
"""

from itertools import cycle
from typing import Any

from local_feed.history.cast import (
    ANTHROPIC,
    Person,
    admin_key_actor,
    api_actor,
    scim_actor,
    service_actor,
    stranger,
)
from local_feed.history.catalog import FieldValues, documented
from local_feed.history.chronicle import STORY_DAYS, Chronicle
from local_feed.history.ids import number, opaque
from local_feed.history.kinds import ONLY_IN_STORIES, WITHOUT_ORGANIZATION

_SETTINGS_PER_EVENT = 8


def record_stories(c: Chronicle, *, every_actor: bool = False) -> None:
    """Record each documented type that is not recorded yet; with `every_actor`, every type by each actor."""
    recorded = {event.kind for event in c.events}
    kinds = [
        kind for kind in documented() if kind not in ONLY_IN_STORIES and (every_actor or kind not in recorded)
    ]
    values = FieldValues(c.cast)
    turns = _turns(c, kinds, every_actor)
    for n, (kind, actor_type) in enumerate(turns):
        day = 2.3 + (STORY_DAYS - 4) * n / len(turns)
        organization = c.cast.console if kind.startswith("platform_") else c.cast.meridian
        actor = _actor(c, actor_type, c.moment(day), n, organization is c.cast.console)
        where = None if kind in WITHOUT_ORGANIZATION else organization
        fields = values.fields(kind, sparse=n % 3 == 2)
        c.record(day, kind, actor, where, digits=(6, 3, 0, 6, 1, 6)[n % 6], facts=fields)
    _settings(c, values)


def _turns(c: Chronicle, kinds: list[str], every_actor: bool) -> list[tuple[str, str]]:
    if every_actor:
        return [(kind, actor) for kind in kinds for actor in documented()[kind]["actors"]]
    anyone = cycle(documented()["account_deleted"]["actors"])
    turns = []
    for n, kind in enumerate(kinds):
        actors = documented()[kind]["actors"]
        rare = next(anyone) if len(actors) == 11 else actors[n % len(actors)]
        # People do most things: every other activity is a person's, if allowed.
        turns.append((kind, "user_actor" if n % 2 and "user_actor" in actors else rare))
    return turns


def _actor(c: Chronicle, kind: str, at: int, n: int, in_console: bool) -> dict[str, Any] | Person:
    seed, key = c.cast.seed, opaque("apikey", c.cast.seed, "platform", "prod")
    cloud = {"type": ("aws", "azure", "gcp", "oidc")[n % 4], "account_id": f"{number(10**12, n):012d}"}
    where = {"ip_address": "192.0.2.77", "user_agent": None}
    people = ("priya", "sven") if in_console else ("ada", "bruno", "elif")
    match kind:
        case "user_actor":
            return c.cast.people[people[n % len(people)]]
        case "api_actor":
            return api_actor(key if in_console else c.cast.compliance_key_id)
        case "admin_api_key_actor":
            return admin_key_actor(c.cast.admin_key_id)
        case "service_account_actor":
            return service_actor(opaque("svcac", seed, "deploy"))
        case "unauthenticated_user_actor":
            return stranger(None if n % 3 == 0 else f"nobody{n}@phish.example", at)
        case "anthropic_actor":
            return ANTHROPIC
        case "system_actor":
            return {"type": kind, "service": "retention"} if n % 2 else {"type": kind}
        case "scim_directory_sync_actor":
            return scim_actor(opaque("directory", seed), n)
        case "federated_identity_actor":
            subject = "repo:meridian/app:ref:refs/heads/main"
            return {
                "type": kind,
                "issuer": "https://token.actions.example",
                "subject": subject,
                "audience": None,
                **where,
            }
        case "federated_actor":
            return {
                "type": kind,
                "provider": cloud,
                **({"subject": f"role/deployer-{n % 3}", **where} if n % 3 else {}),
            }
        case _:
            device = {
                "external_client_id": opaque("client", seed, n % 3),
                "kid_hash": f"{number(1 << 60, n):015x}",
            }
            return {"type": "attested_device_actor", **device, **where}


def _settings(c: Chronicle, values: FieldValues) -> None:
    """Change every documented setting once, several in one event."""
    for kind, who, first_day in (
        ("claude_organization_settings_updated", "ada", 92.4),
        ("claude_user_settings_updated", "mina", 93.4),
    ):
        variants = documented()[kind]["fields"]["updates"]["variants"]
        for n in range(0, len(variants), _SETTINGS_PER_EVENT):
            updates = [values.variant(variant) for variant in variants[n : n + _SETTINGS_PER_EVENT]]
            c.record(first_day + n, kind, c.cast.people[who], c.cast.meridian, updates=updates)
