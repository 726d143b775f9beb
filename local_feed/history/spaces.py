"""Stories of groups, roles, workspaces, shared resources and design projects, and their members."""

from local_feed.history.cast import ANTHROPIC, admin_key_actor
from local_feed.history.chronicle import Actor, Chronicle
from local_feed.history.credentials import change


def record_stories(c: Chronicle) -> None:
    """Record all these stories."""
    _groups(c)
    _roles(c)
    _workspaces(c)
    _resources(c)
    _design(c)


def _ids(c: Chronicle, *who: str) -> list[str]:
    return [c.cast.people[key].user_id for key in who]


def _groups(c: Chronicle) -> None:
    bruno, meridian = c.cast.people["bruno"], c.cast.meridian
    record = c.of(bruno, meridian)
    names = {"research": "Research 🔬", "finance": "财务部", "old": "Alumni"}
    ids = {key: c.id("group", key) for key in names}
    for day, key in ((59.3, "research"), (59.4, "finance")):
        record(day, "group_created", group_id=ids[key], group_name=names[key])
    for day, action, key, who in (
        (60.5, "added", "research", _ids(c, "chen", "dina", "kofi")),
        (61.5, "added", "research", _ids(c, "dina", "mina")),
        (62.5, "added", "finance", _ids(c, "rosa", "uwe")),
        (63.5, "removed", "old", _ids(c, "elif", "chen")),
        (161.5, "removed", "research", _ids(c, "chen", "mina")),
        (162.5, "added", "research", _ids(c, "chen")),
        (163.5, "added", "finance", None),
        (164.5, "added", "finance", []),
    ):
        more = {} if who is None else {"member_ids": who}
        record(day, f"group_member_{action}", group_id=ids[key], **more)
    for action in ("addition", "removal"):
        record(64.5, f"group_member_{action}_failed", group_id=ids["finance"], member_ids=_ids(c, "vera"))
    record(290.4, "group_deleted", group_id=ids["finance"])


def _roles(c: Chronicle) -> None:
    ada, meridian = c.cast.people["ada"], c.cast.meridian
    record = c.of(ada, meridian)
    auditor, editor = (c.id("rbac_role", n) for n in range(2))
    record(65.3, "rbac_role_created", role_id=auditor, role_name="Auditor <script>alert('x')</script>")
    record(65.4, "rbac_role_created", role_id=editor, role_name="{{ 7 * 7 }} {% raw %}")
    group = c.id("group", "research")
    for day, action, role, kind, principal in (
        (65.5, "assigned", auditor, "user", _ids(c, "elif")[0]),
        (65.6, "assigned", auditor, "group", group),
        (65.7, "assigned", editor, "user", _ids(c, "chen")[0]),
        (165.7, "unassigned", editor, "user", _ids(c, "chen")[0]),
        (166.7, "unassigned", editor, "user", _ids(c, "bruno")[0]),
        (167.7, "assigned", editor, "user", _ids(c, "tara")[0]),
    ):
        record(day, f"rbac_role_{action}", role_id=role, principal_type=kind, principal_id=principal)
    record(280.4, "rbac_role_deleted", role_id=auditor)


def _workspaces(c: Chronicle) -> None:
    priya, console = c.cast.people["priya"], c.cast.console
    record = c.of(priya, console)
    apps, lab = c.id("wrkspc", "apps"), c.id("wrkspc", "lab")
    for day, workspace in ((5.5, apps), (69.3, lab)):
        record(day, "platform_workspace_created", workspace_id=workspace)
    omar, sven = _ids(c, "omar", "sven")

    def member(
        day: float, action: str, workspace: str, user: str, *updates: dict[str, str], by: Actor = priya
    ) -> None:
        more = {"updates": list(updates)} if updates else {}
        kind = f"platform_workspace_member_{action}"
        c.record(day, kind, by, console, workspace_id=workspace, user_id=user, **more)

    member(5.6, "added", apps, omar)
    member(5.7, "added", apps, sven, by=admin_key_actor(c.cast.admin_key_id))
    member(71.4, "updated", apps, omar, change("workspace_role", "workspace_user", "workspace_developer"))
    up = change("workspace_role", "workspace_developer", "workspace_user")
    member(72.4, "updated", apps, omar, up, change("workspace_role", "workspace_user", "workspace_admin"))
    member(73.4, "updated", lab, sven, change("workspace_role", "workspace_user", "workspace_admin"))
    member(74.4, "removed", lab, omar)
    member(172.4, "removed", apps, sven)
    member(173.4, "added", apps, sven)
    account = c.id("svcac", "deploy")
    for day, action, more in (
        (75.4, "added", {}),
        (77.4, "updated", {"updates": [change("workspace_role", "workspace_user", "workspace_developer")]}),
        (177.4, "removed", {}),
        (178.4, "added", {}),
    ):
        record(
            day,
            f"platform_service_account_workspace_member_{action}",
            workspace_id=lab if day > 178 else apps,
            service_account_id=account,
            **more,
        )
    record(360.4, "platform_workspace_archived", workspace_id=lab)


def _resources(c: Chronicle) -> None:
    ada, meridian = c.cast.people["ada"], c.cast.meridian
    record = c.of(ada, meridian)
    project = c.id("claude_proj", "launch")
    user, group = _ids(c, "chen")[0], c.id("group", "research")
    for day, action, role, kind, target in (
        (78.4, "granted", "editor", "user", user),
        (79.4, "granted", "viewer", "group", group),
        (178.5, "revoked", "editor", "user", user),
        (179.4, "revoked", "owner", "user", _ids(c, "elif")[0]),
    ):
        record(
            day,
            f"role_assignment_{action}",
            resource_id=project,
            resource_type="claude_project",
            role=role,
            target_id=target,
            target_type=kind,
        )
    c.record(
        81.4,
        "role_assignment_granted",
        ANTHROPIC,
        meridian,
        resource_id=None,
        resource_type=None,
        role=None,
        target_id=None,
        target_type=None,
    )
    record(82.4, "role_assignment_revoked")


def _design(c: Chronicle) -> None:
    tara, meridian = c.cast.people["tara"], c.cast.meridian
    project = c.id("design_proj")
    chen, vera = _ids(c, "chen", "vera")
    for day, action, who, more in (
        (86.4, "added", chen, {"role": "viewer"}),
        (87.4, "role_updated", chen, {"previous_role": "viewer", "role": "editor"}),
        (88.4, "role_updated", vera, {"previous_role": None, "role": "editor"}),
        (188.4, "removed", chen, {}),
        (189.4, "added", chen, {"role": "owner"}),
    ):
        c.record(
            day,
            f"design_project_member_{action}",
            tara,
            meridian,
            design_project_id=project,
            principal_id=who,
            principal_type="user",
            project_type=None,
            **more,
        )
