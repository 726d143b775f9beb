"""Stories about memberships, and the periods that an analyst would say follow from them."""

from tests.dbt_project.directory.stories import Cases

CASES = Cases()

(
    CASES.story(
        "opens",
        # A list without join dates shows them first, then one that has them.
        d1_old=[("user", "01-01", None, "directory", None)],
        d1_undated=[("user", None, None, "directory", None)],
        d1_new=[("admin", "03-02", None, "directory", None)],
        d1_dated=[("user", "01-05", None, "directory", None)],
        d1_late=[("user", "03-01 20:00", None, "directory", None)],
    )
    .users("03-01", {"d1_old": "user", "d1_undated": "user"})
    .users("03-02", {"d1_old": "user", "d1_undated": "user", "d1_new": "admin", "d1_late": "user"})
    .members("03-02 12:00", {"d1_old": ("user", "01-01"), "d1_dated": ("user", "01-05"),
                             "d1_late": ("user", "03-01 20:00")}, source="admin")
)  # fmt: skip

(
    CASES.story(
        "roles",
        d2_bob=[("user", "02-01", None, "provisioned", None)],
        d2_eve=[("user", "02-01", "03-03", "added", "role_changed"), ("admin", "03-03", None, "directory", None)],
        d2_kim=[
            ("user", None, "03-02", "directory", "role_changed"),
            ("admin", "03-02", None, "role_changed", None),
        ],
        d2_zoe=[
            ("user", "02-01", "02-15", "added", "role_changed"),
            ("owner", "02-15", None, "role_changed", None),
        ],
    )
    .event("02-01", "scim_user_created", user_id="d2_bob")
    .role("02-01", "d2_eve", None, "user")
    .role("02-01", "d2_zoe", None, "user")
    .role("02-15", "d2_zoe", "user", "owner")
    .users("03-01", {"d2_bob": "user", "d2_eve": "user", "d2_kim": "user", "d2_zoe": "owner"})
    .role("03-02", "d2_kim", "user", "admin")
    .role("03-02", "d2_zoe", "owner", "owner")
    .users("03-03", {"d2_bob": "user", "d2_eve": "admin", "d2_kim": "admin", "d2_zoe": "owner"})
)

(
    CASES.story(
        "ends",
        d3_gone=[("user", None, "03-02", "directory", "absent_from_directory")],
        d3_event=[("user", "02-01", "03-02", "added", "absent_from_directory")],
        d3_never=[("user", "02-01", None, "added", None)],
        d3_back=[
            ("user", None, "03-01 12:00", "directory", "removed"),
            ("user", "03-02", None, "directory", None),
        ],
        d3_again=[
            ("user", None, "03-02", "directory", "absent_from_directory"),
            ("user", "03-04", None, "directory", None),
        ],
        d3_soon=[
            ("user", None, "03-02", "directory", "absent_from_directory"),
            ("user", "03-04", None, "directory", None),
        ],
    )
    .role("02-01", "d3_event", None, "user")
    .role("02-01", "d3_never", None, "user")
    .users("03-01", dict.fromkeys(["d3_gone", "d3_event", "d3_back", "d3_again", "d3_soon"], "user"))
    .role("03-01 12:00", "d3_back", "user", None)
    .users("03-02", {"d3_back": "user"})
    .role("03-02 10:04:00", "d3_soon", "user", "admin")
    .users("03-03", {"d3_back": "user"}, status="failed")
    .users("03-03 12:00", {}, status="refused")
    .users("03-04", dict.fromkeys(["d3_back", "d3_again", "d3_soon"], "user"))
)

(
    CASES.story(
        "dates",
        # Known before the first walk: not a member since ever.
        d4_back=[("user", None, "02-01", None, "removed"), ("user", "03-01", None, "directory", None)],
        d4_dated=[("user", None, "02-01", None, "removed"), ("user", "02-10", None, "directory", None)],
        d4_older=[("user", None, "02-01", None, "removed"), ("user", "03-01", None, "directory", None)],
        # A first event that implies an earlier start, and the date of it.
        d4_change=[
            ("user", "01-07", "02-01", "directory", "role_changed"),
            ("admin", "02-01", None, "role_changed", None),
        ],
        d4_past=[
            ("user", None, "02-01", None, "role_changed"),
            ("admin", "02-01", None, "role_changed", None),
        ],
        d4_seen=[("user", "02-01", None, "added", None)],
    )
    .role("02-01", "d4_back", "user", None)
    .role("02-01", "d4_dated", "user", None)
    .role("02-01", "d4_older", "user", None)
    .role("02-01", "d4_change", "user", "admin")
    .role("02-01", "d4_past", "user", "admin")
    .role("02-01", "d4_seen", None, "user")
    .users("03-01", {"d4_back": "user", "d4_change": "admin", "d4_past": "admin", "d4_seen": "user"})
    .members("03-01", {
        "d4_dated": ("user", "02-10"), "d4_older": ("user", "01-07"), "d4_change": ("admin", "01-07"),
        "d4_past": ("admin", "02-07"), "d4_seen": ("user", "01-31"),
    })
)  # fmt: skip

(
    CASES.story(
        "delay",
        d5_joined=[("user", "03-02 10:01:30", None, "added", None)],
        d5_left=[("user", None, "03-02 10:00:30", "directory", "removed")],
        d5_raised=[
            ("user", None, "03-02 10:02:00", "directory", "role_changed"),
            ("admin", "03-02 10:02:00", None, "role_changed", None),
        ],
        d5_late=[("user", "03-02", None, "directory", None)],
        d5_first=[
            ("user", None, "03-01 10:00:20", None, "role_changed"),
            ("admin", "03-01 10:00:20", None, "role_changed", None),
        ],
        d5_unknown=[("admin", "03-02 10:00:40", None, "provisioned", None)],
        # Removed and added in another role right after the walk began, which saw what was before.
        d5_moved=[
            ("user", None, "03-02 10:00:10", "directory", "removed"),
            ("owner", "03-02 10:00:50", None, "added", None),
        ],
        # What the walk saw does not come again with an event that names no role, after one that says otherwise.
        d5_synced=[
            ("developer", None, "03-02", "directory", "role_changed"),
            ("user", "03-02", "03-02 10:00:10", "directory", "role_changed"),
            ("admin", "03-02 10:00:10", None, "role_changed", None),
        ],
        d5_tied=[
            ("developer", None, "03-02", "directory", "role_changed"),
            ("user", "03-02", "03-02 10:00:20", "directory", "role_changed"),
            ("admin", "03-02 10:00:20", None, "role_changed", None),
        ],
        d5_returned=[
            ("developer", None, "03-02", "directory", "role_changed"),
            ("user", "03-02", "03-02 10:00:10", "directory", "removed"),
            (None, "03-02 10:00:20", None, "provisioned", None),
        ],
    )
    .users("03-01", {
        "d5_left": "user", "d5_raised": "user", "d5_first": "admin", "d5_moved": "user", "d5_synced": "developer",
        "d5_tied": "developer", "d5_returned": "developer",
    })
    .role("03-01 10:00:20", "d5_first", "user", "admin")
    .users("03-02", {
        "d5_joined": "user", "d5_raised": "admin", "d5_late": "user", "d5_first": "admin", "d5_unknown": "admin",
        "d5_moved": "user", "d5_synced": "user", "d5_tied": "user", "d5_returned": "user",
    })
    .role("03-02 10:01:30", "d5_joined", None, "user")
    .role("03-02 10:00:30", "d5_left", "user", None)
    .role("03-02 10:02:00", "d5_raised", "user", "admin")
    .role("03-02 10:02:01", "d5_late", None, "user")
    .event("03-02 10:00:40", "scim_user_created", user_id="d5_unknown")
    .role("03-02 10:00:10", "d5_moved", "user", None)
    .role("03-02 10:00:50", "d5_moved", None, "owner")
    .role("03-02 10:00:10", "d5_synced", "user", "admin")
    .event("03-02 10:00:20", "scim_user_created", user_id="d5_synced")
    .role("03-02 10:00:20", "d5_tied", "user", "admin")
    .event("03-02 10:00:20", "scim_user_created", user_id="d5_tied")
    .role("03-02 10:00:10", "d5_returned", "user", None)
    .event("03-02 10:00:20", "scim_user_created", user_id="d5_returned")
)  # fmt: skip

(
    CASES.story(
        "owners",
        d7_ann=[
            ("primary_owner", None, "03-02", "directory", "role_changed"),
            (None, "03-02", "03-03", "ownership_transferred", "role_changed"),
            ("admin", "03-03", None, "directory", None),
        ],
        d7_bob=[
            ("user", None, "03-02", "directory", "role_changed"),
            ("primary_owner", "03-02", "03-05 10:00:30", "ownership_transferred", "role_changed"),
            ("admin", "03-05 10:00:30", None, "ownership_transferred", None),
        ],
    )
    .users("03-01", {"d7_ann": "primary_owner", "d7_bob": "user"})
    .event("03-02", "primary_owner_transferred", new_owner_id="d7_bob")
    .users("03-03", {"d7_ann": "admin", "d7_bob": "primary_owner"})
    .users("03-05", {"d7_ann": "admin", "d7_bob": "admin", "d7_eve": "primary_owner"})
    .event("03-05 10:00:30", "primary_owner_transferred", new_owner_id="d7_eve", previous_owner_id="d7_bob")
)

(
    CASES.story(
        "emails",
        d8_bob=[("user", None, "03-02", "directory", "removed")],
        d8_eve=[("user", None, None, "directory", None)],
        d8_ivy=[("developer", "03-01", None, "invite_accepted", None)],
        d8_kim=[("billing", "03-01", None, "invite_accepted", None)],
    )
    .users("02-01", {"d8_bob": "user", "d8_eve": "user"})
    .event("03-02", "org_user_deleted", deleted_user_email="D8_BOB@corp.example")
    .event("02-20", "org_user_invite_sent", invited_email="ivy@corp.example", invited_role="owner")
    .event("03-01", "org_user_invite_accepted", invite_id="invite_ivy",
           actor={"type": "user_actor", "user_id": "d8_ivy", "email_address": "ivy@corp.example"})
    .event("03-01", "org_user_invite_accepted", invite_id="invite_other",
           actor={"type": "user_actor", "user_id": "d8_kim", "email_address": "Kim@corp.example"})
    .walk("03-03", "invites", {
        "invite_ivy": {"id": "invite_ivy", "email": "ivy@x.example", "role": "developer",
                       "invited_at": "2026-02-20T10:00:00Z"},
        "invite_kim": {"id": "invite_kim", "email": "kim@corp.example", "role": "billing",
                       "invited_at": "2026-02-20T10:00:00"},
    })
    .users("03-03", {"d8_eve": "user", "d8_ivy": "developer"})
)  # fmt: skip

(
    CASES.story(
        "lists",
        # Gone from one list, still in the other; then gone from both.
        d9_bob=[("user", "01-01", "03-03 12:00", "directory", "absent_from_directory")],
        # The lists disagree for good.
        d9_eve=[("user", "01-01", "03-01 12:00", "directory", "role_changed"),
                ("developer", "03-01 12:00", None, "directory", None)],
    )
    .users("03-01", {"d9_bob": "user", "d9_eve": "user"})
    .members("03-01 12:00", {"d9_bob": ("user", "01-01"), "d9_eve": ("developer", "01-01")}, source="admin")
    .users("03-02", {"d9_eve": "user"})
    .members("03-02 12:00", {"d9_bob": ("user", "01-01"), "d9_eve": ("developer", "01-01")}, source="admin")
    .users("03-03", {"d9_eve": "user"})
    .members("03-03 12:00", {"d9_eve": ("developer", "01-01")}, source="admin")
)  # fmt: skip

(
    CASES.story("names", d11_bob=[("user", None, None, "directory", None)])
    .walk("03-01", "users", {"d11_bob": {
        "id": "d11_bob", "email": "bob@corp.example", "full_name": "Bob", "organization_role": "user",
    }})
    .walk("03-02", "users", {"d11_bob": {
        "id": "d11_bob", "email": "bob@new.example", "full_name": "Bob New", "organization_role": "user",
    }})
    .event("03-02", "rbac_role_assigned", role_id="d11_role", principal_type="user", principal_id="d11_bob")
)  # fmt: skip
