"""Stories of many activities, written as code: attacks, and what looks alike. Named as the histories are."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

Story = Callable[["Recorder"], None]


class Recorder:
    """Records the activities of one story, numbered in the order in which they are written down."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records: list[bytes] = []

    def user(self, who: str, address: str = "203.0.113.10", agent: str = "Mozilla/5.0") -> dict[str, Any]:
        """A person of the story."""
        return {
            "type": "user_actor", "user_id": f"user_{self.name}_{who}",
            "email_address": f"{self.name.lower()}.{who}@corp.example", "ip_address": address, "user_agent": agent,
        }  # fmt: skip

    def nobody(self, who: str | None, address: str) -> dict[str, Any]:
        """Somebody who has not signed in; `who`: whom they say they are."""
        email = who and f"{self.name.lower()}.{who}@corp.example"
        return {
            "type": "unauthenticated_user_actor", "unauthenticated_email_address": email,
            "ip_address": address, "user_agent": "Mozilla/5.0",
        }  # fmt: skip

    def key(self, name: str) -> dict[str, Any]:
        """A key of the story."""
        return {
            "type": "api_actor", "api_key_id": f"apikey_{self.name}{name}", "ip_address": "192.0.2.9",
            "user_agent": "curl/8.9.1",
        }  # fmt: skip

    def act(self, when: str, kind: str, actor: dict[str, Any], *, placed: bool = True, **fields: Any) -> None:
        """One activity at a time such as `03-01 10:00` of 2026."""
        moment = datetime.fromisoformat(f"2026-{when}")
        record = {
            "id": f"activity_{self.name}_{len(self.records):03}", "created_at": f"{moment.isoformat()}Z",
            "organization_id": f"oid_{self.name}" if placed else None,
            "organization_uuid": f"org-{self.name}" if placed else None,
            "actor": actor, "type": kind,
        }  # fmt: skip
        self.records.append(json.dumps(record | fields).encode())

    def many(self, count: int, when: str, step: float, kind: str, actor: dict[str, Any], **more: Any) -> None:
        """The same again and again, every `step` minutes."""
        begin = datetime.fromisoformat(f"2026-{when}")
        for n in range(count):
            moment = begin + timedelta(minutes=step * n)
            self.act(moment.isoformat(sep=" ").removeprefix("2026-"), kind, actor, **more)


def volumes(t: Recorder) -> None:
    """Windows of 24 hours, wherever midnight is."""
    download = "platform_file_content_downloaded"
    # 25 before midnight and 25 after it, within an hour.
    t.many(50, "03-01 23:35", 1, download, t.user("eve"), file_id="f")
    # As many in all, but never enough within 24 hours.
    t.many(50, "03-01 10:00", 60, download, t.user("bob"), file_id="f")
    t.many(29, "03-01 10:00", 1, download, t.user("kim"), file_id="f")
    t.many(10, "03-02 10:00", 1, "org_user_deleted", t.user("ada"), deleted_user_id="gone")
    t.many(9, "03-02 10:00", 1, "org_user_deleted", t.user("bob"), deleted_user_id="gone")
    t.many(20, "03-02 10:00", 1, "role_assignment_granted", t.user("ada"), role="chat_project:editor")
    t.many(100, "03-02 23:00", 1, "claude_chat_created", t.user("sam"), claude_chat_id="c")
    read = {"request_method": "DELETE", "status_code": 200, "request_id": "r", "url": "/v1/compliance/chats/c"}
    t.many(100, "03-02 23:00", 1, "compliance_api_accessed", t.key("A"), placed=False, **read)
    t.many(99, "03-02 23:00", 1, "compliance_api_accessed", t.key("B"), placed=False, **read)
    refused = read | {"status_code": 403}
    t.many(100, "03-02 23:00", 1, "compliance_api_accessed", t.key("C"), placed=False, **refused)


def clean_up(t: Recorder) -> None:
    """Five people delete much on one day; four do on another."""
    for day, people in (("03-01", "abcde"), ("03-05", "fghi")):
        for who in people:
            t.many(30, f"{day} 10:00", 1, "claude_chat_deleted", t.user(who), claude_chat_id="c")


def logins(t: Recorder) -> None:
    """Who guesses whose sign-in, from where."""
    failed, succeeded = "sso_login_failed", "sso_login_succeeded"
    for n, who in enumerate("abcde"):
        t.act(f"03-01 10:{n:02}", failed, t.nobody(who, "198.18.77.9"), placed=False)
        # The same people, too slowly.
        t.act(f"03-02 1{n}:30", failed, t.nobody(who, "198.18.78.9"), placed=False)
        # The provider of the office is known by three of them.
        if n < 3:
            t.act(f"03-03 10:{n:02}", succeeded, t.user(who, "198.18.79.9"), placed=False)
        t.act(f"03-04 10:{n:02}", failed, t.nobody(who, "198.18.79.9"), placed=False)
    t.act("03-01 10:30", succeeded, t.user("c", "198.18.77.9"), placed=False)
    # Five failures without a success; four; five where the person has signed in before.
    t.many(5, "03-06 10:00", 1, failed, t.nobody("kim", "198.18.80.9"), placed=False)
    t.many(4, "03-06 10:00", 1, failed, t.nobody("lee", "198.18.80.9"), placed=False)
    t.act("03-05 10:00", succeeded, t.user("max", "198.18.81.9"), placed=False)
    t.many(5, "03-06 10:00", 1, failed, t.nobody("max", "198.18.81.9"), placed=False)
    # Nobody is named, then someone gets in from the same address.
    t.many(5, "03-07 10:00", 1, failed, t.nobody(None, "198.18.82.9"), placed=False)
    t.act("03-07 10:30", succeeded, t.user("nia", "198.18.82.9"), placed=False)
    t.act("03-07 10:31", succeeded, t.user("oda", "198.18.82.9"), placed=False)
    t.many(4, "03-07 10:00", 1, failed, t.nobody(None, "198.18.83.9"), placed=False)
    t.act("03-07 10:30", succeeded, t.user("pia", "198.18.83.9"), placed=False)


def programs(t: Recorder) -> None:
    """What people, keys and strangers use."""
    seen = {"kind": "claude_chat_viewed", "claude_chat_id": "c"}
    t.act("03-01 10:00", actor=t.user("eve", agent="curl/8.9.1"), **seen)
    t.act("03-01 11:00", actor=t.user("eve", agent="curl/8.10.0"), **seen)
    t.act("03-02 10:00", actor=t.user("eve", agent="sqlmap/1.8#stable (https://sqlmap.org)"), **seen)
    t.act("03-01 10:00", actor=t.user("bob", agent="Mozilla/5.0 (node)"), **seen)
    t.act("03-01 10:00", "claude_chat_access_failed", t.user("bob", agent="curl/8.9.1"))
    t.act("03-01 10:00", actor=t.key("A"), **seen)


def leaver(t: Recorder) -> None:
    """Signs out after the end, and what the browser still tries is refused."""
    scim = {"type": "scim_directory_sync_actor", "directory_id": "dir", "workos_event_id": "e"}
    t.act("02-01 10:00", "scim_user_created", scim, user_id="user_F18_bob")
    t.act("03-01 10:00", "scim_user_deleted", scim, user_id="user_F18_bob")
    t.act("03-01 10:11", "user_logged_out", t.user("bob"))
    t.act("03-01 10:20", "claude_chat_access_failed", t.user("bob"), claude_chat_id="c")
    t.act("03-01 10:30", "session_revoked", t.user("bob"))


def networks(t: Recorder) -> None:
    """Four networks by turns, with how many of them are usual."""
    for who, known in (("eve", 2), ("bob", 3)):
        for day in (1, 2):
            for n in range(known):
                t.act(f"03-0{day} 1{n * 2}:00", "claude_chat_viewed", t.user(who, f"198.52.{n}.{day}"))
        # Across the full hour.
        for minute, n in ((50, 0), (53, 1), (56, 2), (59, 0), (63, 3)):
            at = f"03-03 {10 + minute // 60}:{minute % 60:02}"
            t.act(at, "claude_chat_viewed", t.user(who, f"198.52.{n}.9"))
    # Each connection has a network of either kind.
    for minute, address in enumerate(
        ("198.52.10.1", "2001:db8:10::1", "198.52.11.1", "2001:db8:11::1", "198.52.10.1", "2001:db8:10::1",
         "198.52.12.1", "2001:db8:12::1")
    ):  # fmt: skip
        t.act(f"03-03 10:{minute:02}", "claude_chat_viewed", t.user("kim", address))


def servers(t: Recorder) -> None:
    """A server is named by its id and name, by its name alone, and by its id alone."""
    by_name = {"mcp_server_id": None, "mcp_server_name": "Wiki"}
    t.act("03-01 10:00", "integration_user_connected", t.user("bob"), **by_name)
    t.act("03-02 10:00", "mcp_server_created", t.user("ada"), mcp_server_id="mcp_F20", mcp_server_name="Wiki")
    t.act("03-03 10:00", "integration_user_connected", t.user("kim"), mcp_server_id="mcp_F20")


def single_acts(t: Recorder) -> None:
    """One act each: what is found, then what is only like it."""
    ada = t.user("ada")
    t.act("03-01 10:00", "admin_api_key_created", ada, admin_api_key_id="k1", scopes=["org:admin"])
    t.act("03-01 10:01", "service_key_revoked", ada, service_key_id="k2", service_name="s")
    public = {"claude_project_id": "p1", "audience": [{"type": "public"}]}
    t.act("03-01 10:02", "claude_project_sharing_updated", ada, **public)
    t.act("03-01 10:03", "org_invite_link_generated", ada)
    t.act("03-01 10:04", "org_ip_restriction_updated", ada, ip_range="10.0.0.0/8")
    t.act("03-01 10:05", "org_sso_group_role_mappings_updated", ada)
    t.act("03-01 10:06", "org_directory_sync_deleted", ada)
    t.act("03-01 10:07", "tunnel_token_revealed", ada, tunnel_id="t", tunnel_token_id="tt")
    t.act("03-01 10:08", "org_cowork_mcp_always_allow_enabled", ada)
    for minute, setting, before, after in (
        (9, "public_projects_enabled", False, True),
        (10, "code_execution_network_egress_enabled", False, True),
        (11, "allowed_invite_domains", ["a.example"], ["A.example", "b.example"]),
        (12, "allowed_invite_domains", ["a.example"], None),
        # Text instead of a list, as other settings have it.
        (13, "allowed_invite_domains", "a.example", "[b.example"),
        # Nothing wider, nothing weaker.
        (20, "allowed_invite_domains", ["a.example", "b.example"], ["b.example"]),
        (21, "allowed_invite_domains", None, ["b.example"]),
        (22, "public_projects_enabled", True, False),
        (23, "web_search_enabled", False, True),
        (24, "code_execution_domain_allowlist_template_changed", "full_egress", "custom"),
    ):
        update = {"type": setting, "previous_value": before, "current_value": after}
        t.act(f"03-01 10:{minute:02}", "claude_organization_settings_updated", ada, updates=[update])
    shared = {"claude_project_id": "p1", "audience": [{"type": "organization"}]}
    t.act("03-01 10:30", "claude_project_sharing_updated", ada, **shared)
    t.act("03-01 10:31", "org_invite_link_disabled", ada)
    t.act("03-01 10:32", "org_directory_sync_activated", ada)
    t.act("03-01 10:33", "tunnel_token_minted", ada, tunnel_id="t", tunnel_token_id="tt")
    t.act("03-01 10:34", "admin_api_key_updated", ada, admin_api_key_id="k1", updates=[])


def travel(t: Recorder) -> None:
    """Berlin and New York (see `tests/locations.py`), faster than anyone flies, and not."""
    viewed = {"kind": "claude_chat_viewed", "claude_chat_id": "c"}
    t.act("03-01 22:30", actor=t.user("eve", "198.52.30.9"), **viewed)
    t.act("03-02 00:30", actor=t.user("eve", "198.52.31.9"), **viewed)
    t.act("03-02 00:40", actor=t.user("eve", "198.52.30.9"), **viewed)
    t.act("03-01 10:00", actor=t.user("bob", "198.52.32.9"), **viewed)
    t.act("03-01 20:00", actor=t.user("bob", "198.52.31.9"), **viewed)
    # Everybody's network is in Berlin.
    t.act("03-01 20:10", actor=t.user("bob", "203.0.113.10"), **viewed)


STORIES: dict[str, Story] = {
    "F14": single_acts, "F15": volumes, "F16": logins, "F17": programs, "F18": leaver, "F19": networks,
    "F20": servers, "F21": clean_up, "F22": travel,
}  # fmt: skip


def histories() -> Iterator[list[bytes]]:
    """The records of each story."""
    for name, story in STORIES.items():
        recorder = Recorder(name)
        story(recorder)
        yield recorder.records
