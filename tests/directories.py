"""A small directory with every list, and how its rows are looked at."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from local_feed import Directory, LocalFeed
from local_feed.directory.usage import Usage
from orchestration.config.sources import Source
from orchestration.ingest.directory.report import DirectoryReport
from orchestration.ingest.directory.run import read_directories
from tests.conftest import Query, source_of

ENTERPRISE = "11111111-1111-4111-8111-111111111111"
CONSOLE = "22222222-2222-4222-8222-222222222222"
GROUP = "rbac_group_1"
# The items that are there by the newest walks.
LATEST = (
    "select list_name, parent_id, item_id, payload from raw.directory_items "
    "qualify row_number() over (partition by source, list_name, parent_id, item_id order by ingest_seq desc) = 1 "
    "and is_present"
)


def small_directory(people: int = 30, usage: Usage | None = None) -> Directory:
    """Two organizations with a member of both, and at least one item in every list."""
    made = Directory(usage)
    made.add("organizations", uuid=ENTERPRISE, name="Enterprise")
    made.add("organizations", uuid=CONSOLE, name="Console", created_at="2024-02-01T00:00:00Z")
    for n in range(people):
        who = {"email": f"p{n}@a.example", "name": f"Person {n}", "added_at": f"2024-03-01T00:{n:02}:00Z"}
        made.add_member(ENTERPRISE, f"user_{n:02}", **who)
    made.add_member(CONSOLE, "user_00", email="p0@a.example", role="admin")
    made.add("roles", ENTERPRISE, id="rbac_role_1", name="Auditor")
    made.add("role_permissions", "rbac_role_1", action="read", resource_type="chat")
    made.add("groups", id=GROUP, name="Research", roles=["rbac_role_1"])
    for n in range(20):
        made.add("group_members", GROUP, user_id=f"user_{n:02}", email=f"p{n}@a.example")
    made.set_setting(ENTERPRISE, "web_search_enabled", False)
    made.add("compliance_keys", id="apikey_c", name="siem", scopes=["read:compliance_activities"])
    made.add("invites", CONSOLE, id="invite_1", email="new@a.example")
    made.add("workspaces", CONSOLE, id="wrkspc_1", name="Apps")
    made.add("workspaces", CONSOLE, id="wrkspc_2", name="Lab", archived_at="2024-05-01T00:00:00Z")
    made.add("workspace_members", "wrkspc_1", user_id="user_00", workspace_role="workspace_admin")
    made.add("api_keys", CONSOLE, id="apikey_1", name="ci", workspace_id="wrkspc_1")
    return made


def compliance_source(feed: LocalFeed, **changes: Any) -> Source:
    """The source of the Compliance Access Key that reads the directory."""
    usual = {"name": "parent", "key": SecretStr(feed.directory_key), "admin_requests_per_minute": 1_000_000}
    return source_of(feed, **(usual | changes))


def admin_source(feed: LocalFeed, **changes: Any) -> Source:
    """The source of the admin key, which belongs to the Console organization."""
    return replace(compliance_source(feed, name="console"), key=SecretStr(feed.admin_key), **changes)


def walk_all(source: Source, path: Path, **options: Any) -> DirectoryReport:
    """Read the directory of one source."""
    [report] = read_directories([source], path, **options).reports
    return report


def walks(query: Query, list_name: str) -> list[tuple[Any, ...]]:
    """The walks of a list, oldest first: status, items, and how many were new, changed and gone."""
    return query(
        "select status, item_count, new_count, changed_count, gone_count from raw.directory_walks "
        "where list_name = ? order by walk_seq",
        list_name,
    )
