"""Stories about groups, workspaces, roles and organizations that leave their own list, and what ends with them."""

from tests.dbt_project.directory.stories import Cases

CASES = Cases()

(
    CASES.story(
        "scopes",
        group__d6_bob=[(None, None, "03-02", "directory", "absent_from_directory"),
                       (None, "03-03 11:00", None, "directory", None)],
        group__d6_kim=[(None, "02-01", "03-02", "added", "absent_from_directory")],
        group__d6_eve=[(None, "02-10", "03-04", "directory", "membership_ended")],
        rbac_role__d6_group=[(None, "02-02", "03-02", "added", "principal_ended")],
        d6_eve=[("user", None, "03-04", "directory", "absent_from_directory")],
        workspace__d6_bob=[("workspace_admin", "02-01", "03-04", "added", "absent_from_directory")],
        rbac_role__d6_bob=[(None, "02-02", "03-04", "added", "absent_from_directory")],
        d6_bob=[("user", None, None, "directory", None)],
        d6_kim=[("user", None, None, "directory", None)],
    )
    .group("02-01", "added", "d6_group", "d6_kim")
    .event("02-02", "rbac_role_assigned", role_id="d6_role", principal_type="group", principal_id="d6_group")
    .event("02-02", "rbac_role_assigned", role_id="d6_role2", principal_type="user", principal_id="d6_bob")
    .event("02-01", "platform_workspace_member_added", user_id="d6_bob", workspace_id="d6_ws")
    .users("03-01", {"d6_bob": "user", "d6_eve": "user", "d6_kim": "user"})
    .walk("03-01", "groups", {"d6_group": {"id": "d6_group"}, "d6_other": {"id": "d6_other"}}, parent=None)
    .walk("03-01", "workspaces", {"d6_ws": {"id": "d6_ws"}})
    .walk("03-01", "roles", {"d6_role2": {"id": "d6_role2"}, "d6_role": {"id": "d6_role"}})
    .walk("03-01 10:05", "workspace_members",
          {"d6_bob": {"user_id": "d6_bob", "workspace_role": "workspace_admin"}}, parent="d6_ws")
    .group_members("03-01 10:05", "d6_group", ["d6_bob"])
    .group_members("03-01 10:05", "d6_other", ["d6_eve"], "02-10")
    .walk("03-02", "groups", {"d6_other": {"id": "d6_other"}}, parent=None)
    .walk("03-03", "groups", {"d6_group": {"id": "d6_group"}, "d6_other": {"id": "d6_other"}}, parent=None)
    .group_members("03-03 11:00", "d6_group", ["d6_bob"])
    .walk("03-04", "workspaces", {})
    .walk("03-04", "roles", {"d6_role": {"id": "d6_role"}})
    .users("03-04", {"d6_bob": "user", "d6_kim": "user"})
)  # fmt: skip

(
    CASES.story(
        "unlinked",
        d10_bob=[("user", None, "03-02", "directory", "absent_from_directory")],
        workspace__d10_bob=[(None, "02-01", "03-02", "added", "membership_ended")],
        rbac_role__d10_group=[(None, "02-02", "03-02", "added", "absent_from_directory")],
        d10_kim=[
            ("user", "02-01", "03-02", "added", "absent_from_directory"),
            ("user", "03-03", None, "directory", None),
        ],
    )
    .role("02-01", "d10_kim", None, "user")
    .event("02-01", "platform_workspace_member_added", user_id="d10_bob", workspace_id="d10_ws")
    .event("02-02", "rbac_role_assigned", role_id="d10_role", principal_type="group", principal_id="d10_group")
    .walk("03-01", "organizations", {"org-unlinked": {"uuid": "org-unlinked"}}, parent=None)
    .users("03-01 10:01", {"d10_bob": "user", "d10_kim": "user"})
    .walk("03-02", "organizations", {}, parent=None)
    .users("03-03", {"d10_kim": "user"})
)

(
    # The walk before the organization left its list was the last to show the member.
    CASES.story("observed", d12_bob=[("user", None, "03-03", "directory", "absent_from_directory")])
    .walk("03-01", "organizations", {"org-observed": {"uuid": "org-observed"}}, parent=None)
    .users("03-01 10:01", {"d12_bob": "user"})
    .event("03-01 12:00", "scim_user_updated", actor={
        "type": "user_actor", "user_id": "d12_bob", "email_address": "bob@old.example",
    })
    .users("03-02", {"d12_bob": "user"})
    .walk("03-03", "organizations", {}, parent=None)
)  # fmt: skip
