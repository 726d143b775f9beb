"""Cases that the API documentation announces and programs forget: unknown types, ties, odd texts, odd JSON."""

import json

from local_feed.history.cast import ANTHROPIC
from local_feed.history.chronicle import Chronicle, Event
from local_feed.history.ids import opaque
from local_feed.instants import SECOND, to_text

TEXTS = (
    "'; DROP TABLE activities; --",
    '" OR ""="',
    "<img src=x onerror=alert(1)>&amp;",
    "{{ config.items() }}{% for x in () %}",
    "C:\\Users\\tara\\notes\\",
    "季度计划\uff08草案\uff09.docx",
    "خطة الربع الثالث‎.pdf",
    "👩‍👩‍👧‍👦 family 🇯🇵.png",
    "e\u0301 combining, tab\there, newline\nthere",
    "=cmd|' /C calc'!A0",
    "nul \u0000 and del \u007f and line\u2028separator",
    "%s %d {0} $HOME `id` #{x}",
    "",
    " leading and trailing ",
)


def record_stories(c: Chronicle) -> None:
    """Record all oddities."""
    _texts(c)
    _unknown(c)
    _ties(c)
    _large(c)
    _raw(c)
    _provider(c)


def _texts(c: Chronicle) -> None:
    uwe, meridian = c.cast.people["uwe"], c.cast.meridian
    for n, text in enumerate(TEXTS):
        file = c.id("claude_file", "odd", n)
        c.record(
            100 + n / 4, "claude_file_uploaded", uwe, meridian, claude_file_id=file, filename=text, digits=n % 7
        )


def _unknown(c: Chronicle) -> None:
    bruno, meridian = c.cast.people["bruno"], c.cast.meridian
    record = c.of(bruno, meridian)
    record(105.4, "claude_hologram_projected", hologram_id="holo_01", intensity=0.25)
    record(205.4, "claude_hologram_projected", hologram_id="holo_02", intensity=None)
    c.record(
        106.4,
        "org_moonbase_settings_updated",
        ANTHROPIC,
        meridian,
        updates=[{"type": "oxygen", "current_value": 21}],
    )
    robot = {"type": "robot_actor", "robot_id": "robot_01", "firmware": {"major": 3}}
    c.record(107.4, "claude_chat_created", robot, meridian, claude_chat_id=opaque("claude_chat", "robot"))
    c.record(
        108.4,
        "claude_chat_viewed",
        {"type": "robot_actor"},
        meridian,
        claude_chat_id=opaque("claude_chat", "robot"),
    )
    extra = {"risk": {"score": 0.7, "labels": ["a", "b"]}, "schema_version": 3}
    record(109.4, "claude_project_created", claude_project_id=opaque("claude_proj", "x"), **extra)
    person = {"type": "user_actor", "user_id": None, "email_address": None, "ip_address": None, "user_agent": None}
    c.record(110.5, "claude_chat_created", person, meridian, claude_chat_id=opaque("claude_chat", "nobody"))


def _ties(c: Chronicle) -> None:
    """Several records in the same microsecond, the same millisecond and the same second; ties at midnight."""
    elif_, meridian = c.cast.people["elif"], c.cast.meridian
    midnight = c.moment(200) - c.moment(200) % (86_400 * SECOND)
    for at, digits, count in (
        (c.moment(111.5), 6, 5),
        (c.moment(112.5), 3, 4),
        (c.moment(113.5), 0, 7),
        (midnight, 0, 3),
        (midnight - 1, 6, 3),
    ):
        for n in range(count):
            chat = c.id("claude_chat", at, n)
            kind = "claude_chat_created" if n == 0 else "claude_chat_updated"
            c.record(0, kind, elif_, meridian, exactly=at, digits=digits, claude_chat_id=chat)
    # A key that is created and changed in one microsecond, and a member who is changed twice in one.
    both = c.moment(114.5)
    key = c.id("apikey", "tied")
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    record(0, "platform_api_key_created", exactly=both, api_key_id=key)
    update = {"type": "name", "previous_value": "", "current_value": "tied"}
    record(0, "platform_api_key_updated", exactly=both, api_key_id=key, updates=[update])


def _large(c: Chronicle) -> None:
    """One body of about 20 kB."""
    bruno, meridian = c.cast.people["bruno"], c.cast.meridian
    rules = {f"rule-{n:03d}": {"allow": [f"host-{n}.example.com"], "note": "café ☕ " * 4} for n in range(220)}
    update = {"type": "claude_code_managed_settings", "previous_value": None, "current_value": rules}
    c.record(115.4, "claude_organization_settings_updated", bruno, meridian, updates=[update])


def _raw(c: Chronicle) -> None:
    """Valid records that look different: escapes, spaces, other key orders, unusual numbers."""
    tara, meridian, at = c.cast.people["tara"], c.cast.meridian, c.moment(116.4)
    actor = {"type": "user_actor", "user_id": tara.user_id, "email_address": tara.email(at)}
    placed = {"organization_id": meridian.id, "organization_uuid": meridian.uuid, "actor": actor}
    kinds = [f"claude_chat_{verb}" for verb in ("created", "updated", "viewed", "viewed", "viewed")]
    heads = [{"id": c.id("activity", "raw", n), "created_at": to_text(at + n * SECOND)} for n in range(5)]
    tails = [{"type": kind, "claude_chat_id": c.id("claude_chat", "raw")} for kind in kinds]
    with_zone = {"created_at": heads[2]["created_at"].replace("Z", "+00:00")}
    backwards = {
        "type": kinds[0],
        **placed,
        "created_at": heads[0]["created_at"],
        **tails[0],
        "id": heads[0]["id"],
    }
    texts = (
        json.dumps(backwards, indent=2),
        json.dumps({**heads[1], **placed, **tails[1], "note": "a/b"}).replace("a/b", r"a\/b \u00e9 \ud83d\ude80"),
        json.dumps({**heads[2], **with_zone, **placed, **tails[2], "n": 0}).replace(
            '"n": 0', '"n": [1.0, 1e3, -0, 1E-2, 12345678901234567890, 0.1000]'
        ),
        json.dumps({**heads[3], **placed, "organization_id": None, **tails[3]}),
        json.dumps({**heads[4], "actor": None, **tails[4]}),
    )
    for n, (kind, text) in enumerate(zip(kinds, texts, strict=True)):
        full_actor = {**actor, "ip_address": None, "user_agent": None}
        c.events.append(Event(at + n * SECOND, kind, full_actor, meridian, {}, raw=text))


def _provider(c: Chronicle) -> None:
    """The provider's staff open something; the feed shows it up to two business days later."""
    for day, kind, reason, earlier in (
        (480.4, "anthropic_access", "safety_review", 30),
        (481.4, "anthropic_access", "incident_response", 90),
        (482.4, "cmek_preserve", "policy_violation_investigation", 45),
    ):
        c.record(
            day,
            kind,
            ANTHROPIC,
            c.cast.meridian,
            accessed_at=to_text(c.moment(day) - earlier * 3600 * SECOND),
            accessor_department="Safeguards",
            reason_code=reason,
            resource_details={"type": "message", "id": c.id("msg", day)},
            transparency_log_leaf_index=round(day),
        )
