"""Organizations, their members and invitations, from the stays and events of a history."""

from collections.abc import Iterator

from local_feed.directory.state import Directory
from local_feed.history.cast import Organization
from local_feed.history.chronicle import FOREVER, Chronicle, Event, Stay
from local_feed.history.ids import number, opaque
from local_feed.instants import DAY, to_text

_INVITE_DAYS = 21
_OWNERS = {"ada": "primary_owner", "priya": "admin", "quentin": "primary_owner", "bruno": "admin"}
"""Roles from before logging began. Everyone else was a user then."""


def in_order(c: Chronicle, *kinds: str) -> Iterator[Event]:
    """The recorded events of some types, oldest first."""
    for event in sorted(c.events, key=lambda event: event.at):
        if event.kind in kinds:
            yield event


def long_before(c: Chronicle, *parts: object) -> str:
    """A time in the year before logging began, always the same for the same parts."""
    return to_text(c.start - DAY - number(365 * DAY, c.cast.seed, "before", *parts), 0)


def fill(directory: Directory, c: Chronicle) -> None:
    """Add the organizations, everyone who is a member at the end, and the invitations."""
    for n, organization in enumerate((c.cast.meridian, c.cast.console, c.cast.harbor)):
        created = to_text(c.start - (1_000 - n) * DAY, 0)
        directory.add("organizations", uuid=organization.uuid, name=organization.name, created_at=created)
    roles = _roles(c)
    for stay in c.stays:
        if stay.until == FOREVER:
            _add(directory, c, stay, roles.get((stay.organization.uuid, stay.person.user_id), "user"))
    _invitations(directory, c)


def _add(directory: Directory, c: Chronicle, stay: Stay, role: str) -> None:
    person = stay.person
    joined_before = stay.since < c.start
    directory.add_member(
        stay.organization.uuid,
        person.user_id,
        email=person.emails[-1][1],
        name=person.name,
        role=role,
        added_at=long_before(c, person.user_id) if joined_before else to_text(stay.since),
        account_created_at=to_text(c.start - 2 * 365 * DAY - number(DAY, person.user_id, "account"), 0),
    )


def _roles(c: Chronicle) -> dict[tuple[str, str], str]:
    """The last role of everyone by organization and person, from role changes and accepted invitations."""
    roles: dict[tuple[str, str], str] = {}
    for stay in c.stays:
        name = next((name for name, person in c.cast.people.items() if person is stay.person), "")
        roles[stay.organization.uuid, stay.person.user_id] = _OWNERS.get(name, "user")
    offered: dict[str, str] = {}
    for event in in_order(
        c, "claude_user_role_updated", "org_user_invite_sent", "org_user_invite_accepted", "org_user_left"
    ):
        if event.organization is None:
            continue
        if event.kind == "org_user_invite_sent":
            offered[str(event.fields["invited_email"]).lower()] = str(event.fields["invited_role"])
        elif event.kind == "org_user_invite_accepted":
            role = offered.get(str(event.actor["email_address"]).lower(), "user")
            roles[event.organization.uuid, str(event.actor["user_id"])] = role
        elif event.fields.get("current_role") is not None:
            roles[event.organization.uuid, str(event.fields["user_id"])] = str(event.fields["current_role"])
    return roles


def _invitations(directory: Directory, c: Chronicle) -> None:
    """Invitations that are accepted or expired; those that were rejected or deleted are not listed."""
    waiting: dict[str, Event] = {}
    taken_back = {c.cast.people[name].emails[0][1] for name in ("hugo", "ines")}
    for event in in_order(c, "org_user_invite_sent", "org_user_invite_accepted"):
        organization = event.organization or c.cast.meridian
        if event.kind == "org_user_invite_sent":
            email = event.fields["invited_email"] or "contractor@partner.example"
            waiting[str(email)] = event
            continue
        lower = str(event.actor["email_address"]).lower()
        email = next(email for email in reversed(waiting) if email.lower() == lower)
        sent = waiting.pop(email)
        add_invitation(directory, c, organization, email, sent, str(event.fields["invite_id"]), event.at)
    for email, sent in waiting.items():
        if email not in taken_back:
            invite_id = opaque("invite", c.cast.seed, "never accepted", email, sent.at)
            add_invitation(directory, c, sent.organization or c.cast.meridian, email, sent, invite_id)


def add_invitation(
    directory: Directory,
    c: Chronicle,
    organization: Organization,
    email: str,
    sent: Event,
    invite_id: str,
    accepted_at: int | None = None,
) -> None:
    """Add an invitation, accepted or (before it ends) pending."""
    expires = sent.at + _INVITE_DAYS * DAY
    status = "accepted" if accepted_at else "pending" if expires > c.end else "expired"
    directory.add(
        "invites",
        organization.uuid,
        id=invite_id,
        email=email,
        role=sent.fields["invited_role"],
        status=status,
        invited_at=to_text(sent.at),
        expires_at=to_text(expires),
        accepted_at=to_text(accepted_at) if accepted_at else None,
    )
