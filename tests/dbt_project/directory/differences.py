"""Stories in which events and directory disagree, and how an analyst would explain it."""

from tests.dbt_project.directory.stories import Story

PROOF = (
    Story("proof")
    .role("02-01", "e1_agrees", None, "user")
    .role("02-01", "e1_never", None, "user")
    .role("02-01", "e1_role", None, "user")
    .role("02-01", "e1_early", None, "user")
    .event("02-01", "scim_user_created", user_id="e1_unknown")
    .event("02-02", "group_member_added", group_id="e1_group")
    .event("02-02", "group_viewed", group_id="e1_group")
    .users(
        "03-01",
        {
            "e1_logged": "user",
            "e1_agrees": "user",
            "e1_role": "user",
            "e1_early": "user",
            "e1_unknown": "billing",
            "e1_gone": "user",
        },
    )
    .members("03-01 10:10", {"e1_dated": ("user", "01-05"), "e1_since": ("user", "02-20")}, source="admin")
    .group_members("03-01 10:20", "e1_group", ["e1_agrees"])
    .users(
        "03-02",
        {"e1_logged": "user", "e1_agrees": "user", "e1_role": "admin", "e1_early": "user", "e1_unknown": "user"},
    )
    .members("03-02 10:10", {"e1_dated": ("user", "01-05"), "e1_since": ("user", "02-20")}, source="admin")
    .role("03-03 09:59:30", "e1_early", "user", None)
    .users(
        "03-03",
        {
            "e1_logged": "user",
            "e1_agrees": "user",
            "e1_role": "admin",
            "e1_early": "user",
            "e1_unknown": "user",
            "e1_silent": "user",
            "e1_delay": "user",
            "e1_brief": "user",
        },
    )
    .role("03-03 10:01:50", "e1_delay", None, "user")
    .role("03-03 10:01:40", "e1_brief", None, "user")
    .members("03-03 10:10", {"e1_dated": ("user", "01-05"), "e1_since": ("user", "02-20")}, source="admin")
    .role("03-03 10:15", "e1_brief", "user", None)
    .members("03-03 10:20", {"e1_dated": ("user", "01-05"), "e1_since": ("user", "02-20")}, source="admin")
)

BLIND = (
    Story("blind")
    .role("02-01", "e2_bob", None, "user")
    .role("02-01", "e2_left", None, "user")
    .users("02-10", {"e2_bob": "user", "e2_left": "user"})
    .event("02-11", "org_compliance_api_settings_updated", compliance_api_logging_enabled=False)
    .event("02-12", "org_compliance_api_settings_updated", compliance_api_logging_enabled=True)
    .users("02-13", {"e2_bob": "user", "e2_new": "user"})
    .users("02-14", {"e2_bob": "user", "e2_new": "user", "e2_later": "user"})
)

# Events that leave out whom they concern, or the role.
UNSTATED = (
    Story("unstated")
    .event("02-01", "platform_workspace_member_added", user_id="e3_kim", workspace_id="e3_ws")
    .event(
        "02-02",
        "platform_workspace_member_updated",
        user_id="e3_kim",
        workspace_id="e3_ws",
        updates=[
            {"type": "workspace_role", "previous_value": "workspace_user", "current_value": "workspace_admin"}
        ],
    )
    .group_members("03-01", "e3_group", ["e3_bob"])
    .walk("03-01", "workspace_members", {"e3_kim": {"workspace_role": "workspace_admin"}}, parent="e3_ws")
    .event("03-01 12:00", "group_member_added", group_id="e3_group")
    .event("03-01 12:00", "platform_workspace_member_updated", user_id="e3_kim", workspace_id="e3_ws")
    .group_members("03-02", "e3_group", ["e3_bob", "e3_eve"])
    .walk("03-02", "workspace_members", {"e3_kim": {"workspace_role": "workspace_user"}}, parent="e3_ws")
)

STORIES = [PROOF, BLIND, UNSTATED]

# Kind, values by events and by directory, explanation, and since when.
EXPECTED = {
    ("organization", "e1_logged"): ("only_in_directory", None, "user", "before_logging", "03-01"),
    ("organization", "e1_dated"): ("only_in_directory", None, "user", "before_logging", "03-01 10:10"),
    ("organization", "e1_since"): ("only_in_directory", None, "user", "unexplained", "03-01 10:10"),
    ("organization", "e1_never"): ("only_in_events", "user", None, "unexplained", "03-01"),
    ("organization", "e1_role"): ("role_differs", "user", "admin", "unexplained", "03-02"),
    ("organization", "e1_early"): ("only_in_directory", None, "user", "within_delay", "03-03"),
    ("organization", "e1_silent"): ("only_in_directory", None, "user", "unexplained", "03-03"),
    ("organization", "e1_delay"): ("only_in_directory", None, "user", "within_delay", "03-03"),
    # Compared as of the one list that shows it, whatever the other list's later walks found.
    ("organization", "e1_brief"): ("only_in_directory", None, "user", "within_delay", "03-03"),
    ("group", "e1_agrees"): ("only_in_directory", None, None, "before_logging", "03-01 10:20"),
    ("organization", "e2_new"): ("only_in_directory", None, "user", "blind_spot", "02-13"),
    ("organization", "e2_left"): ("only_in_events", "user", None, "blind_spot", "02-13"),
    ("organization", "e2_later"): ("only_in_directory", None, "user", "unexplained", "02-14"),
    ("group", "e3_eve"): ("only_in_directory", None, None, "not_in_feed", "03-02"),
    ("group", "e3_bob"): ("only_in_directory", None, None, "before_logging", "03-01"),
    ("workspace", "e3_kim"): ("role_differs", "workspace_admin", "workspace_user", "not_in_feed", "03-02"),
}
