"""Finds the organization of an Admin key from the members it lists, because the API does not name it."""

from collections.abc import Mapping, Set

# Two lists are never read at the same moment: people may join or leave in between.
ALIKE = 0.9


def organization_of(members: Set[str], users: Mapping[str, Set[str]]) -> str | None:
    """The organization, by UUID, whose users are these members; None where none is, or more than one.

    `users` are the ids that the Compliance API lists, by organization; none where that list could not be read.
    """
    if len(users) == 1:
        return next(iter(users))
    alike = [
        organization
        for organization, known in users.items()
        if members and len(members & known) >= ALIKE * len(members | known)
    ]
    return alike[0] if len(alike) == 1 else None
