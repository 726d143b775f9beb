"""Enforced settings of the organizations: values from before logging began, and what events last stated."""

from local_feed.directory.made_up.people import in_order
from local_feed.directory.state import Directory
from local_feed.history.chronicle import Chronicle

_BEFORE: dict[str, object] = {
    "chat_enabled": True,
    "directory_sync_enabled": True,
    "hipaa_compliance_enabled": False,
    "memory_enabled": True,
    "sso_claude_ai_enforced": True,
    "sso_console_enforced": False,
    "sso_enabled": True,
    "web_search_enabled": True,
}
_STATED = {
    "account_session_duration_seconds": "integer",
    "allowed_invite_domains": "string_list",
    "chat_enabled": "boolean",
    "claude_ai_chat_sharing_enabled": "boolean",
    "claude_ai_integration_sharing_enabled": "boolean",
    "claude_code_default_worker_environment_id": "string",
    "claude_code_default_worker_pool_id": "string",
    "claude_code_desktop_bypass_permissions_enabled": "boolean",
    "claude_code_fast_mode_enabled": "boolean",
    "claude_code_metrics_logging_enabled": "boolean",
    "claude_code_remote_control_enabled": "boolean",
    "claude_code_routines_enabled": "boolean",
    "claude_code_trusted_devices_required": "boolean",
    "claude_code_web_enabled": "boolean",
    "claude_code_workflows_enabled": "boolean",
    "code_execution_network_egress_enabled": "boolean",
    "cowork_trusted_devices_required": "boolean",
    "disabled_admin_request_types": "string_list",
    "inline_visualizations_enabled": "boolean",
    "member_usage_dashboard_visible": "boolean",
    "public_projects_enabled": "boolean",
    "skills_enabled": "boolean",
    "web_search_enabled": "boolean",
}
"""Settings that have one name in the feed and in the directory, with their type."""


def fill(directory: Directory, c: Chronicle) -> None:
    """Add the settings of the organizations."""
    meridian, harbor = c.cast.meridian.uuid, c.cast.harbor.uuid
    for uuid in (meridian, harbor):
        for name, value in _BEFORE.items():
            directory.set_setting(uuid, name, value)
    mode = {"name": "sso_provisioning_mode", "type": "provisioning_mode", "value": "scim_advanced"}
    directory.add("settings", meridian, **mode)
    kept = {"type": "fixed", "duration": 90, "timescale": "day"}
    directory.add("settings", harbor, name="data_retention_periods", type="data_retention", value=kept)
    for event in in_order(c, "claude_organization_settings_updated"):
        updates = event.fields.get("updates")
        for update in updates if isinstance(updates, list) else ():
            value = update.get("current_value")
            if update["type"] in _STATED and value is not None:
                directory.set_setting(meridian, update["type"], value)
