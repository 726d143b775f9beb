"""Who may read the feed: keys, their scopes and what each of them can see."""

from dataclasses import dataclass, field

from local_feed.serving.errors import Refusal

SCOPE = "read:compliance_activities"


@dataclass(frozen=True)
class Key:
    """A key as the server knows it. `acts_as` is the id it has as an actor; `organization` narrows its
    sight.
    """

    secret: str = field(repr=False)
    acts_as: str
    scopes: tuple[str, ...]
    organization: str | None = None


def authenticate(secret: str | None, keys: dict[str, Key]) -> Key:
    """The key behind a secret; a 401 when there is none."""
    if not secret:
        raise Refusal(401, "x-api-key header is required")
    if secret not in keys:
        raise Refusal(401, "invalid x-api-key")
    return keys[secret]


def authorize(key: Key) -> None:
    """A 403 that says what the key has and what it needs, when it may not read the feed."""
    if SCOPE not in key.scopes:
        got = ", ".join(key.scopes) or "none"
        raise Refusal(403, f"This key lacks a required scope. Got: {got}. Needed: {SCOPE}.")
