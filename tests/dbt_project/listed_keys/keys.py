"""Organizations whose lists of keys are walked beside the feed, each with a story of its own."""

from tests.dbt_project.listed_keys.stories import Story, at
from tests.dbt_project.walks import Item

WALKS = ("02-05 10:00", "02-10 10:00", "02-15 10:00", "02-20 10:00")


def listed(key_id: str, status: str = "active", **fields: object) -> Item:
    """An item of `api_keys`, created before logging began."""
    return {
        "id": key_id,
        "type": "api_key",
        "name": f"name of {key_id}",
        "status": status,
        "partial_key_hint": "sk-ant-api03-R2D...igAA",
        "created_at": "2025-06-01T00:00:00Z",
        "created_by": {"id": "user_maker", "type": "user"},
        "expires_at": None,
        "principal": None,
        "workspace_id": None,
        "scope": {"type": "organization"},
    } | fields


def compliance(key_id: str, is_active: bool = True, **fields: object) -> Item:
    """An item of `settings.api_keys`."""
    return {
        "id": key_id,
        "name": f"name of {key_id}",
        "scopes": ["read:compliance_activities"],
        "is_active": is_active,
        "created_at": "2025-06-01T00:00:00Z",
        "created_by_id": "user_maker",
        "type": "compliance_api_key",
    } | fields


def key_stories() -> Story:
    """Each organization has one list of platform keys; the list of compliance keys is one for all."""
    story = Story()

    def walks(organization: str, *lists: list[Item], times: tuple[str, ...] = WALKS) -> None:
        for time, items in zip(times, lists, strict=False):
            story.walk("api_keys", organization, at(time), {item["id"]: item for item in items})

    def update(organization: str, time: str, key_id: str, kind: str, previous: str | None, current: str) -> str:
        changes = [{"type": kind, "previous_value": previous, "current_value": current}]
        return story.event(organization, time, "platform_api_key_updated", api_key_id=key_id, updates=changes)

    def use(organization: str, time: str, key_id: str, kind: str = "api_actor") -> None:
        actor = {"type": kind, ("api_key_id" if kind == "api_actor" else "admin_api_key_id"): key_id}
        story.event(organization, time, "compliance_api_accessed", actor=actor, status_code=200)

    # The newest activity of all, before which what is "past" is past.
    story.event("Z", "03-01 00:00", "chat_created")

    # Only listed: from before logging, one active, one off, one that has expired and one that expires.
    old = [
        listed("apikey_old"),
        listed("apikey_off", "inactive"),
        listed("apikey_over", "expired", expires_at="2026-01-15T00:00:00Z"),
        listed("apikey_ends", expires_at="2026-02-12T00:00:00Z"),
        listed("apikey_owned", principal={"type": "user_actor", "user_id": "user_own"}),
        listed("apikey_robot", principal={"id": "svac_own", "type": "service_account"}),
        listed("apikey_space", scope={"type": "workspace", "workspace_id": "wrkspc_1"}, workspace_id="wrkspc_1"),
    ]
    walks("A", old, old)

    # An event switches it off; the next walk, with the same bytes, says that it is on.
    walks("B", [listed("apikey_B")], [listed("apikey_B")], [listed("apikey_B")])
    update("B", "02-07 10:00", "apikey_B", "status", "active", "inactive")

    # Gone, then listed again; one that stays gone.
    both = [listed("apikey_back"), listed("apikey_gone")]
    walks("C", both, [], [listed("apikey_back", "inactive")])

    # An event deletes a key of the compliance list, which shows it all the same.
    keys = [compliance("apikey_final"), compliance("apikey_left"), compliance("apikey_same", False)]
    for time in WALKS[:3]:
        story.walk("compliance_keys", None, at(time), {item["id"]: item for item in keys})
    story.walk("compliance_keys", None, at(WALKS[3]), {"apikey_final": keys[0], "apikey_same": keys[2]})
    story.event("D", "02-07 10:00", "scoped_api_key_deleted", api_key_id="apikey_final")
    story.event("D", "02-01 10:00", "api_key_created", api_key_id="apikey_unlisted", scopes=["read:user"])
    story.walk("organizations", None, at(WALKS[0]), {"D": {"uuid": "D", "name": "D"}})

    # Another parent, with a list of its own, which a key of its own reads by turns with the first.
    other = {"apikey_other": compliance("apikey_other", created_at="2026-02-01T10:00:00Z")}
    for time in ("02-05 11:00", "02-10 11:00", "02-20 11:00"):
        story.walk("organizations", None, at(time), {"O": {"uuid": "O", "name": "O"}}, source="other")
        story.walk("compliance_keys", None, at(time), other, source="other")
    for key_id in ("apikey_other", "apikey_hidden"):
        story.event("O", "02-01 10:00", "api_key_created", api_key_id=key_id, scopes=["read:user"])

    # The creation is seen; the list names its attributes, and states null where events had a value.
    story.event(
        *("E", "02-02 10:00", "platform_api_key_created"),
        api_key_id="apikey_seen", expires_at="2027-01-01T00:00:00Z", scope={"workspace_id": "wrkspc_old"},
        principal_type="user", principal_id="user_own",
    )  # fmt: skip
    for key_id, kind in (("apikey_made", "service_account"), ("apikey_shared", "unspecified")):
        principal = {"principal_type": kind, "principal_id": "svac_own"}
        story.event("E", "02-16 10:00", "platform_api_key_created", api_key_id=key_id, **principal)
    update("E", "02-03 10:00", "apikey_seen", "name", None, "by event")
    walks("E", [listed("apikey_seen", name="by list", created_at="2026-02-02T09:59:59Z")])
    update("E", "02-06 10:00", "apikey_seen", "name", "by list", "by event again")

    # Used before it was listed, under another prefix too.
    use("F", "02-03 10:00", "apikey_used")
    use("F", "02-04 10:00", "admin_api_key_used", "admin_api_key_actor")
    use("F", "02-04 10:00", "apikey_never")
    walks("F", [listed("apikey_used", created_at="2026-02-01T10:00:00")])

    # An admin key that the list shows under the other prefix is no second key.
    story.event("G", "02-02 10:00", "admin_api_key_created", admin_api_key_id="admin_api_key_G", name="g")
    walks("G", [listed("apikey_G", "inactive")])

    # Events while the walk ran, and within the minute after it, date what it saw.
    walks("H", [listed("apikey_H1"), listed("apikey_H2")], [listed("apikey_H1", "archived"), listed("apikey_H3")])
    update("H", "02-10 10:01:00", "apikey_H1", "status", "active", "archived")
    story.event("H", "02-10 10:00:20", "platform_api_key_created", api_key_id="apikey_H3")

    # A change is seen first, before any walk; and one that states no status.
    walks("I", [
        listed("apikey_I1", "inactive"), listed("apikey_I2", "inactive"), listed("apikey_I3", "archived"),
        listed("apikey_I4", "archived"),
    ])  # fmt: skip
    update("I", "02-02 10:00", "apikey_I4", "name", "a", "b")
    update("I", "02-02 10:00", "apikey_I5", "name", "a", "b")
    update("I", "02-03 10:00", "apikey_I5", "status", "archived", "archived")
    update("I", "02-02 10:00", "apikey_I1", "status", "active", "inactive")
    update("I", "02-02 10:00", "apikey_I2", "name", "a", "b")
    update("I", "02-02 10:00", "apikey_I3", "status", "expired", "inactive")

    # The list says that it has expired.
    story.event("J", "02-02 10:00", "platform_api_key_created", api_key_id="apikey_J")
    expired = listed("apikey_J", "expired", expires_at="2026-02-08T00:00:00Z")
    walks("J", [listed("apikey_J", expires_at="2026-02-08T00:00:00Z")], [expired])

    # The list states an expiry that had passed by then, of a key that events or nothing showed before.
    story.event("P", "02-02 10:00", "platform_api_key_created", api_key_id="apikey_P1")
    walks("P", [
        listed("apikey_P1", expires_at="2026-02-04T00:00:00Z", created_at="2026-02-02T10:00:00Z"),
        listed("apikey_P2", expires_at="2026-01-15T00:00:00Z"),
    ])  # fmt: skip

    # Renamed after a walk, or a creation that only the list states, has begun a period.
    walks("Q", [
        listed("apikey_Q1"), listed("apikey_Q2", "inactive"), listed("apikey_Q3"), listed("apikey_Q4"),
    ], [
        listed("apikey_Q1"), listed("apikey_Q2"), listed("apikey_Q3", "expired"),
    ])  # fmt: skip
    for key_id in ("apikey_Q1", "apikey_Q2", "apikey_Q3", "apikey_Q4"):
        update("Q", "02-12 10:00", key_id, "name", "a", "b")

    # Walks that say nothing.
    story.walk("api_keys", "K", at("02-05 10:00"), {"apikey_K": listed("apikey_K")})
    story.walk("api_keys", "K", at("02-06 10:00"), {}, status="failed")
    story.walk("api_keys", "K", at("02-07 10:00"), {}, status="refused")

    # Two sources read one list; the second saw the key switched off while the first had not looked.
    story.walk("api_keys", "L", at("02-05 10:00"), {"apikey_L": listed("apikey_L")})
    story.walk("api_keys", "L", at("02-06 10:00"), {"apikey_L": listed("apikey_L", "inactive")}, source="b")
    story.walk("api_keys", "L", at("02-07 10:00"), {"apikey_L": listed("apikey_L")})

    # The organization ends: so do the keys it was known to have.
    walks("M", [listed("apikey_M")])
    story.event("M", "02-20 10:00", "org_deleted_via_bulk", actor={"type": "anthropic_actor"})

    # A day is read twice; the newer reading no longer has one of the keys.
    story.report("2026-02-06", at("02-07 02:00"), {"apikey_B": 60, "apikey_gone": 60})
    story.report("2026-02-06", at("02-08 02:00"), {"apikey_B": 70, None: 1})
    story.report("2026-01-20", at("02-07 02:01"), {"apikey_B": 5})
    story.report("2026-02-28", at("02-28 23:59"), {"apikey_old": 3})
    add_differences(story)
    return story


def add_differences(story: Story) -> None:
    """An organization on which events and walks disagree, with one key for each way."""

    def created(key_id: str, time: str) -> None:
        story.event("N", time, "platform_api_key_created", api_key_id=key_id)

    story.event("N", "02-01 00:00", "chat_created")
    for key_id in ("agree", "off", "event", "over", "again"):
        created(f"apikey_N{key_id}", "02-02 10:00")
    created("apikey_Nlate", "02-15 10:01:00")
    for time, is_on in (("02-06 10:00", False), ("02-09 10:00", True)):
        story.event("N", time, "org_compliance_api_settings_updated", compliance_api_logging_enabled=is_on)

    of_day = {"created_at": "2026-02-02T10:00:00Z"}
    first = [
        listed("apikey_Nold"),
        listed("apikey_Nnew", created_at="2026-02-03T10:00:00Z"),
        listed("apikey_Nundated", created_at=None),
        *(listed(f"apikey_N{key_id}", **of_day) for key_id in ("agree", "off", "again")),
        listed("apikey_Nover", expires_at="2026-02-12T00:00:00Z", **of_day),
    ]
    gap = listed("apikey_Ngap", created_at="2026-02-08T10:00:00Z")
    off, again = listed("apikey_Noff", "inactive", **of_day), listed("apikey_Nagain", "inactive", **of_day)
    lists = [
        first,
        [*first[:5], again, first[6], gap],
        [*first[:4], off, first[5], first[6], gap, listed("apikey_Nlate", created_at="2026-02-15T10:00:10Z")],
    ]
    for time, items in zip(WALKS, lists, strict=False):
        story.walk("api_keys", "N", at(time), {item["id"]: item for item in items})
