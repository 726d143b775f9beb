"""Stories of people: how they join, change roles, leave and return, in each organization.

Stories of keys are in `credentials`, those of groups and workspaces in `spaces`.
"""

from local_feed.history.cast import ANTHROPIC, Cast, Organization, admin_key_actor, scim_actor, user_actor
from local_feed.history.chronicle import Actor, Chronicle
from local_feed.history.ids import opaque

FOUNDERS = {
    "ada": ("Ada Okafor", "ada.okafor@meridian.example"),
    "bruno": ("Bruno Keller", "bruno@meridian.example"),
    "elif": ("Elif Y\u0131lmaz", "elif.yilmaz@meridian.example"),
    "farid": ("Farid Rahimi", "farid@meridian.example"),
    "greta": ("Greta Lindqvist", "greta@meridian.example"),
    "rosa": ("Rosa Méndez", "rosa@meridian.example"),
    "mina": ("Mina Park", "mina.park@meridian.example"),
    "nadia": ("Nadia Haddad", "nadia@meridian.example"),
}
NEWCOMERS = {
    "chen": ("陳偉", "chen.wei@meridian.example"),
    "dina": ("دينا منصور", "dina@meridian.example"),
    "hugo": ("Hugo Brandt", "hugo@partner.example"),
    "ines": ("Inês Faria", "ines@meridian.example"),
    "jun": ("佐藤 純", "jun.sato@meridian.example"),
    "kofi": ("Kofi Mensah", "kofi@meridian.example"),
    "lena": ("Lena O'Brien", "lena.o'brien@meridian.example"),
    "tara": ("Tara 🚀 Singh", "tara+ai@meridian.example"),
    "uwe": ("Uwe Groß", "uwe@meridian.example"),
    "vera": ("Vera Novák", "vera@meridian.example"),
}
CONSOLE_PEOPLE = {
    "priya": ("Priya Raman", "priya@meridian.example"),
    "omar": ("Omar Farouk", "omar@meridian.example"),
    "sven": ("Sven Dahl", "sven@meridian.example"),
}
HARBOR_PEOPLE = {
    "quentin": ("Quentin Mercier", "quentin@harbor.example"),
    "wim": ('Wim "The Wall" de Boer', "wim@harbor.example"),
}


def introduce(cast: Cast, start: int) -> None:
    """Add everyone who has a story."""
    for people in (FOUNDERS, NEWCOMERS, CONSOLE_PEOPLE, HARBOR_PEOPLE):
        for key, (name, email) in people.items():
            cast.person(key, name, email, since=start - 1)


def record_stories(c: Chronicle) -> None:
    """Record all stories of membership."""
    for key in FOUNDERS:
        c.joins(c.cast.people[key], c.cast.meridian)
    for key in CONSOLE_PEOPLE:
        c.joins(c.cast.people[key], c.cast.console)
    c.joins(c.cast.people["quentin"], c.cast.harbor)
    c.joins(c.cast.people["nadia"], c.cast.harbor)
    c.joins(c.cast.people["wim"], c.cast.harbor)
    _logging(c)
    _known_before(c)
    _invitations(c)
    _directory(c)
    _jun_comes_back(c)
    _promotions(c)
    _elsewhere(c)
    _ownership(c)


def _logging(c: Chronicle) -> None:
    for n, (organization, owner) in enumerate(
        [(c.cast.meridian, "ada"), (c.cast.console, "priya"), (c.cast.harbor, "quentin")]
    ):
        c.record(
            0.01 + n / 1000,
            "org_compliance_api_settings_updated",
            c.cast.people[owner],
            organization,
            compliance_api_enabled=True,
            compliance_api_logging_enabled=True,
        )
    record, harbor = c.of(c.cast.people["quentin"], c.cast.harbor), c.cast.harbor
    for off, on in ((180.4, 183.7), (401.5, 401.9)):
        c.silence(harbor, off, on)
        for day, state in ((off, False), (on, True)):
            facts = {"compliance_api_enabled": None, "compliance_api_logging_enabled": state}
            record(day, "org_compliance_api_settings_updated", **facts)


def _role(
    c: Chronicle, day: float, who: str, before: str | None, after: str | None, by: Actor | None = None
) -> int:
    person = c.cast.people[who]
    actor = by or c.cast.people["bruno"]
    at = c.moment(day)
    return c.record(
        day,
        "claude_user_role_updated",
        actor,
        c.cast.meridian,
        user_id=person.user_id,
        user_email=person.email(at),
        previous_role=before,
        current_role=after,
    )


def _removes(c: Chronicle, day: float, by: Actor, who: str, organization: Organization) -> None:
    person = c.cast.people[who]
    gone = {"deleted_user_id": person.user_id, "deleted_user_email": person.email(c.moment(int(day)))}
    c.goes(person, organization, c.record(day, "org_user_deleted", by, organization, **gone))


def _known_before(c: Chronicle) -> None:
    """People whose first membership event is a change or an end: they joined before logging began."""
    people, meridian = c.cast.people, c.cast.meridian
    _role(c, 20.42, "elif", "user", "admin", by=people["ada"])
    _removes(c, 30.61, people["bruno"], "farid", meridian)
    at = c.record(45.35, "org_user_left", people["greta"], meridian, previous_role="developer")
    c.goes(people["greta"], meridian, at)
    nobody = {"deleted_user_id": None, "deleted_user_email": None}
    c.record(47.5, "org_user_deleted", ANTHROPIC, meridian, **nobody)


def _invite(c: Chronicle, day: float, email: str, role: str, kind: str = "org_user_invite_sent") -> None:
    fields = {"invited_email": email, "invited_role": role, "invited_seat_tier": "standard"}
    if kind == "org_user_invite_sent":
        fields["invited_rbac_group_ids"] = None
    c.record(day, kind, c.cast.people["bruno"], c.cast.meridian, **fields)


def _accepts(c: Chronicle, day: float, who: str) -> None:
    person = c.cast.people[who]
    invite = c.id("invite", who, day)
    at = c.record(day, "org_user_invite_accepted", person, c.cast.meridian, invite_id=invite)
    c.joins(person, c.cast.meridian, at)


def _invitations(c: Chronicle) -> None:
    people, meridian = c.cast.people, c.cast.meridian
    for day, who, role in (
        (3.38, "chen", "user"),
        (8.4, "lena", "developer"),
        (12.4, "tara", "user"),
        (70.4, "vera", "user"),
    ):
        _invite(c, day, people[who].email(c.moment(day)), role)
        _accepts(c, day + 0.21, who)
    # Invited in capitals, accepts in lower case.
    _invite(c, 25.4, "UWE@Meridian.example", "user")
    _accepts(c, 26.37, "uwe")
    _invite(c, 15.4, "hugo@partner.example", "user")
    _invite(c, 18.4, "hugo@partner.example", "user", kind="org_user_invite_re_sent")
    c.record(19.52, "org_user_invite_rejected", people["hugo"], meridian, invite_id=c.id("invite", "hugo"))
    _invite(c, 22.4, "ines@meridian.example", "admin")
    c.record(23.5, "org_user_invite_deleted", people["bruno"], meridian, invite_id=c.id("invite", "ines"))
    c.record(23.6, "org_user_invite_deleted", ANTHROPIC, meridian, invite_id=None)
    key = admin_key_actor(c.cast.admin_key_id)
    c.record(24.5, "org_user_invite_sent", key, c.cast.console, invited_email=None, invited_role="user")


def _directory(c: Chronicle) -> None:
    """Provisioned, and given a role a moment later: one stay, not two. Kofi acts after his removal."""
    people, meridian = c.cast.people, c.cast.meridian
    directory = c.id("directory")
    for day, who in ((10.37, "dina"), (40.39, "kofi")):
        at = c.record(day, "scim_user_created", scim_actor(directory, day), meridian, user_id=people[who].user_id)
        c.joins(people[who], meridian, at)
        _role(c, day + 0.002, who, None, "user", by=ANTHROPIC)
    c.record(90.4, "scim_user_updated", scim_actor(directory, 90), meridian, user_id=people["dina"].user_id)
    at = c.record(250.7, "scim_user_deleted", scim_actor(directory, 250), meridian, user_id=people["kofi"].user_id)
    c.goes(people["kofi"], meridian, at)
    for n, kind in enumerate(("claude_chat_viewed", "claude_file_viewed", "claude_chat_created")):
        thing = {"claude_chat_id": c.id("claude_chat", n)}
        if kind == "claude_file_viewed":
            thing = {"claude_file_id": c.id("claude_file", n)}
        c.record(252.9 + n / 500, kind, people["kofi"], meridian, **thing)
    at = c.record(400.4, "scim_user_created", scim_actor(directory, 400), meridian, user_id=people["kofi"].user_id)
    c.joins(people["kofi"], meridian, at)


def _jun_comes_back(c: Chronicle) -> None:
    jun, meridian = c.cast.people["jun"], c.cast.meridian
    c.joins(jun, meridian, _role(c, 5.4, "jun", None, "user"))
    _role(c, 60.4, "jun", "user", "developer")
    c.goes(jun, meridian, _role(c, 100.4, "jun", "developer", None))
    _invite(c, 200.4, jun.email(c.moment(200)), "developer")
    _accepts(c, 200.6, "jun")
    _removes(c, 320.4, admin_key_actor(c.cast.admin_key_id), "jun", meridian)
    _invite(c, 330.4, jun.email(c.moment(330)), "user")
    _accepts(c, 331.4, "jun")


def _promotions(c: Chronicle) -> None:
    people, meridian = c.cast.people, c.cast.meridian
    _role(c, 80.4, "chen", "user", "developer")
    _role(c, 160.4, "chen", "developer", "admin")
    _role(c, 260.4, "chen", "admin", "user", by=admin_key_actor(c.cast.admin_key_id))
    rosa = people["rosa"]
    for day, before, after in (
        (50.4, "standard", "premium"),
        (210.4, "premium", "standard"),
        (350.4, "standard", None),
    ):
        c.record(
            day,
            "claude_user_seat_tier_updated",
            people["ada"],
            meridian,
            user_id=rosa.user_id,
            user_email=rosa.email(c.moment(day)),
            previous_seat_tier=before,
            current_seat_tier=after,
        )
    # Mina keeps her id when her address changes, twice.
    people["mina"].emails += [
        (c.moment(150), "mina.park-oduya@meridian.example"),
        (c.moment(420), "mina.oduya@meridian.example"),
    ]
    for day in (149.6, 150.4, 419.6, 420.4):
        c.record(day, "claude_chat_created", people["mina"], meridian, claude_chat_id=opaque("claude_chat", day))
    at = c.record(220.7, "org_user_left", people["lena"], meridian, previous_role=None)
    c.goes(people["lena"], meridian, at)
    c.record(519.4, "org_user_viewed", people["ada"], meridian, user_id=people["lena"].user_id)


def _elsewhere(c: Chronicle) -> None:
    """The same person in two organizations, removed from one; someone removed while logging was off."""
    people, harbor = c.cast.people, c.cast.harbor
    _removes(c, 120.4, people["quentin"], "nadia", harbor)
    _removes(c, 181.4, people["quentin"], "wim", harbor)
    _removes(c, 310.4, people["priya"], "omar", c.cast.console)


def _ownership(c: Chronicle) -> None:
    people, meridian = c.cast.people, c.cast.meridian
    c.record(
        300.4,
        "primary_owner_transferred",
        people["ada"],
        meridian,
        new_owner_id=people["bruno"].user_id,
        previous_owner_id=people["ada"].user_id,
    )
    _role(c, 300.402, "bruno", "admin", "primary_owner", by=user_actor(people["ada"], c.moment(300.4)))
    _role(c, 300.404, "ada", "primary_owner", "admin", by=people["bruno"])
