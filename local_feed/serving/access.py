"""Authentication and authorization: keys, their scopes and what they can see."""

from dataclasses import dataclass, field
from typing import NoReturn

from local_feed.serving.errors import Refusal

SCOPE = "read:compliance_activities"
AUDIT = "read:org_audit"
"""The one scope that opens every read of the Compliance API, and members and invites of the Admin API."""


@dataclass(frozen=True)
class Key:
    """A key. `acts_as`: its id as an actor; `organization`: the only organization that it sees (None: all).

    `made_as`: the id under which an admin key was made; None for other keys.
    """

    secret: str = field(repr=False)
    acts_as: str
    scopes: tuple[str, ...]
    organization: str | None = None
    made_as: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether it is an admin key, which reads the Admin API of one organization, and the feed."""
        return self.made_as is not None


def authenticate(secret: str | None, keys: dict[str, Key]) -> Key:
    """The key of a secret.

    Raises:
        Refusal: 401, there is no such key.
    """
    if not secret:
        raise Refusal(401, "x-api-key header is required")
    if secret not in keys:
        raise Refusal(401, "invalid x-api-key")
    return keys[secret]


def authorize(key: Key) -> None:
    """Check that the key may read the feed.

    Raises:
        Refusal: 403, with the scopes that the key has and the one it needs.
    """
    if not {SCOPE, AUDIT} & {*key.scopes}:
        refuse_scope(key, SCOPE)


def refuse_scope(key: Key, needed: str) -> NoReturn:
    """Refuse a key that lacks a scope.

    Raises:
        Refusal: 403, with the scopes that the key has and the one it needs.
    """
    got = ", ".join(key.scopes) or "none"
    raise Refusal(403, f"This key lacks a required scope. Got: {got}. Needed: {needed}.")
