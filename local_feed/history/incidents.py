"""Stories that a detection should find, each next to a similar, harmless one.

Only histories of at least `MIN_SIZE` activities have them.
"""

from local_feed.history.cast import Person, acting, api_actor, stranger
from local_feed.history.chronicle import Chronicle
from local_feed.history.credentials import change
from local_feed.history.ids import opaque
from local_feed.instants import SECOND

MIN_SIZE = 2_000
_MINUTE = 60 * SECOND


def record_stories(c: Chronicle) -> None:
    """Record all incidents."""
    _api_off(c)
    _second_factor_off(c)
    _guessed(c)
    _roles(c)
    _keys(c)
    _sharing(c)
    _in_bulk(c)
    _by_turns(c)


def _api_off(c: Chronicle) -> None:
    """Ada switches the API off and exports within the day; a second export is too late to be related."""
    ada, meridian = c.cast.people["ada"], c.cast.meridian
    record = c.of(ada, meridian)
    for day, state in ((455.4, False), (456.9, True)):
        facts = {"compliance_api_enabled": state, "compliance_api_logging_enabled": True}
        record(day, "org_compliance_api_settings_updated", facts=facts)
    for hours in (5, 30):
        at = c.moment(455.4) + hours * 60 * _MINUTE
        record(0, "org_data_export_started", exactly=at, export_type="conversations")


def _second_factor_off(c: Chronicle) -> None:
    """Chen signs in by magic link while no second factor is required, Vera when it is required again."""
    meridian = c.cast.meridian
    for day, state in ((460.4, False), (462.4, True)):
        c.record(day, "org_magic_link_second_factor_toggled", c.cast.people["ada"], meridian, enabled=state)
    for day, who in ((461.4, "chen"), (463.4, "vera")):
        c.record(day, "magic_link_login_succeeded", c.cast.people[who], None, auth_method="magic_link")


def _guessed(c: Chronicle) -> None:
    """Someone guesses Dina's sign-in; Tara mistypes hers a few times."""
    for day, who, failures in ((465.4, "dina", 6), (466.4, "tara", 4)):
        person, at = c.cast.people[who], c.moment(day)
        for n in range(failures):
            nobody = stranger(person.email(at), at)
            c.record(0, "magic_link_login_failed", nobody, None, exactly=at + n * _MINUTE)
        c.record(0, "magic_link_login_succeeded", person, None, exactly=at + 8 * _MINUTE, auth_method="magic_link")


def _roles(c: Chronicle) -> None:
    """Priya makes herself administrator of a workspace; Uwe gets a custom role with a telling name."""
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    place = {"workspace_id": c.id("wrkspc", "apps"), "user_id": priya.user_id}
    record(467.4, "platform_workspace_member_added", **place)
    up = [change("workspace_role", "workspace_user", "workspace_admin")]
    record(467.5, "platform_workspace_member_updated", updates=up, **place)
    ada, meridian, role = c.cast.people["ada"], c.cast.meridian, c.id("rbac_role", "key admins")
    c.record(468.4, "rbac_role_created", ada, meridian, role_id=role, role_name="Key administrators")
    to = {"principal_type": "user", "principal_id": c.cast.people["uwe"].user_id}
    c.record(468.5, "rbac_role_assigned", ada, meridian, role_id=role, **to)


def _keys(c: Chronicle) -> None:
    """An archived key still works; Lena's key reads from a network that is new, then from one that is not."""
    archived = c.id("apikey", "platform", "ci")
    lena = api_actor(c.id("apikey", "lena"))
    for day, actor in (
        (232.4, api_actor(acting(archived))),
        (470.4, lena | {"ip_address": "198.18.77.5"}),
        (471.4, lena | {"ip_address": "192.0.2.254"}),
    ):
        facts = {"request_id": opaque("req", "incident", day), "request_method": "GET", "status_code": 200}
        url = "https://api.anthropic.com/v1/compliance/activities?limit=100"
        c.record(day, "compliance_api_accessed", actor, None, facts=facts, url=url)


def _sharing(c: Chronicle) -> None:
    """One artifact for anyone who has the link, one for the organization."""
    for day, audience in ((472.4, "anyone_with_link"), (473.4, "organization")):
        c.record(
            day,
            "claude_artifact_sharing_updated",
            c.cast.people["uwe"],
            c.cast.meridian,
            claude_artifact_id=c.id("claude_artifact", day),
            claude_artifact_version_id=c.id("claude_artifact_version", day),
            audience=[{"type": audience}],
            new_mode=audience,
        )


def _in_bulk(c: Chronicle) -> None:
    """Bulk actions in one day, above and below the threshold; Priya's many downloads are normal for her."""
    for day in (431.4, 432.4, 435.4):
        _repeat(c, day, 8, "platform_file_content_downloaded", "priya", "file_id")
    for day, count, kind, who, field in (
        (430.4, 33, "platform_file_content_downloaded", "sven", "file_id"),
        (438.4, 32, "platform_file_content_downloaded", "priya", "file_id"),
        (440.4, 55, "claude_file_uploaded", "uwe", "claude_file_id"),
        (441.4, 20, "claude_file_uploaded", "tara", "claude_file_id"),
        (450.4, 33, "claude_chat_deleted", "rosa", "claude_chat_id"),
        (451.4, 12, "claude_chat_deleted", "dina", "claude_chat_id"),
        (452.4, 17, "claude_chat_snapshot_created", "mina", "claude_chat_snapshot_id"),
        (453.4, 24, "claude_chat_access_failed", "vera", "claude_chat_id"),
        (454.4, 28, "org_user_viewed", "chen", "user_id"),
    ):
        _repeat(c, day, count, kind, who, field)


def _repeat(c: Chronicle, day: float, count: int, kind: str, who: str, field: str) -> None:
    person = c.cast.people[who]
    place = c.cast.console if kind.startswith("platform_") else c.cast.meridian
    more: dict[str, object] = {"filename": "plan.pdf"} if kind == "claude_file_uploaded" else {}
    if kind == "claude_chat_snapshot_created":
        more = {"claude_chat_id": c.id("claude_chat", day)}
    for n in range(count):
        thing = {field: c.id(field.removesuffix("_id"), day, n)}
        c.record(0, kind, person, place, exactly=c.moment(day) + n * 20 * SECOND, facts=thing | more)


def _by_turns(c: Chronicle) -> None:
    """Mina alternates between five networks within an hour; Elif between three: office, home and phone."""
    cafe, train = "198.18.200.9", "198.18.201.9"
    # At the full hour, so that the activities are not in two hours.
    noon = c.moment(480.5) - c.moment(480.5) % (60 * _MINUTE)
    mina, elif_ = c.cast.people["mina"], c.cast.people["elif"]
    for minute, person, address in (
        (5, mina, mina.addresses[0]),
        (9, mina, mina.addresses[1]),
        (11, mina, mina.addresses[2]),
        (14, mina, cafe),
        (17, mina, train),
        (21, mina, mina.addresses[0]),
        (6, elif_, elif_.addresses[0]),
        (16, elif_, elif_.addresses[1]),
        (26, elif_, elif_.addresses[2]),
        (28, elif_, elif_.addresses[0]),
    ):
        at = noon + minute * _MINUTE
        chat = c.id("claude_chat", "turns", minute)
        actor = _at(person, at, address)
        c.record(0, "claude_chat_viewed", actor, c.cast.meridian, exactly=at, claude_chat_id=chat)


def _at(person: Person, at: int, address: str) -> dict[str, object]:
    return {
        "type": "user_actor",
        "user_id": person.user_id,
        "email_address": person.email(at),
        "ip_address": address,
        "user_agent": person.browsers[0],
    }
