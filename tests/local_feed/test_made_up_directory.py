"""The directory of the made-up organization agrees with its history, but for what no event shows; a big one."""

import json
from datetime import date

import pytest

from local_feed import History, LocalFeed, big_directory
from local_feed.directory.made_up import made_up_directory
from local_feed.history.cast import Cast
from local_feed.history.ids import opaque

SEED = 7


@pytest.fixture(scope="module", params=[2_000, 20_000])
def history(request):
    return History(SEED, request.param)


@pytest.fixture(scope="module")
def directory(history):
    return made_up_directory(history.chronicle)


def people(history, *names):
    return {opaque("user", SEED, name) for name in names}


def stated(history, *kinds):
    """The fields of the events of some types, oldest first, with the type, actor and organization."""
    events = sorted(history.chronicle.events, key=lambda event: event.at)
    return [
        {**event.fields, "kind": event.kind, "actor": event.actor, "organization": event.organization}
        for event in events
        if event.kind in kinds
    ]


def members(directory, organization):
    return {item["id"]: item for item in directory.items("members", organization.uuid)}


def test_the_members_are_those_whose_stay_has_no_end(history, directory):
    cast = history.cast
    never_joined_by_event = people(history, "olena", "piotr", "samir", "yuki", "tomas", "igor", "freya")
    gone_silently = people(history, "vera")
    for organization in (cast.meridian, cast.console, cast.harbor):
        stayed = {
            stay.person.user_id
            for stay in history.chronicle.stays
            if stay.organization.uuid == organization.uuid and stay.until > history.end
        }
        listed = set(members(directory, organization))
        assert listed - stayed <= never_joined_by_event
        assert stayed - listed <= gone_silently
    assert cast.trial.uuid not in {item["uuid"] for item in directory.items("organizations")}


def test_both_lists_of_members_say_the_same(history, directory):
    for organization in history.cast.organizations[:3]:
        ours = members(directory, organization)
        users = {item["id"]: item for item in directory.items("users", organization.uuid)}
        assert {key: (item["email"], item["name"], item["role"]) for key, item in ours.items()} == {
            key: (item["email"], item["full_name"], item["organization_role"]) for key, item in users.items()
        }


def test_the_last_stated_role_is_listed(history, directory):
    last = {}
    for fields in stated(history, "claude_user_role_updated"):
        last[fields["user_id"]] = fields["current_role"]
    listed = members(directory, history.cast.meridian)
    assert not {user for user, role in last.items() if user in listed and role not in (None, listed[user]["role"])}
    # Invited as a user, and made administrator in silence.
    [tara] = people(history, "tara")
    assert tara not in last
    assert listed[tara]["role"] == "admin"


def test_platform_keys_have_the_last_stated_status(history, directory):
    status = {}
    for fields in stated(history, "platform_api_key_created", "platform_api_key_updated"):
        if fields["organization"].uuid == history.cast.console.uuid:
            key = fields["api_key_id"]
            status.setdefault(key, "active")
            for update in fields.get("updates", ()):
                status[key] = update["current_value"] if update["type"] == "status" else status[key]
    listed = {item["id"]: item["status"] for item in directory.items("api_keys", history.cast.console.uuid)}
    names = ("quiet", "idle", "short", "unannounced")
    assert set(listed) - set(status) == {opaque("apikey", SEED, "platform", name) for name in names}
    assert {key for key in status if listed[key] != status[key]} == {opaque("apikey", SEED, "platform", "old")}


def test_deleted_and_archived_compliance_keys_are_not_listed(history, directory):
    ended = {fields["api_key_id"] for fields in stated(history, "scoped_api_key_deleted")}
    made = {fields["api_key_id"] for fields in stated(history, "api_key_created")}
    for fields in stated(history, "scoped_api_key_updated"):
        if {"ARCHIVED"} & {update["current_value"] for update in fields["updates"]}:
            ended.add(fields["api_key_id"])
    listed = {item["id"] for item in directory.items("compliance_keys")}
    assert not listed & ended
    assert made - ended <= listed
    assert len(listed - made) == 2


def test_groups_and_workspaces_that_ended_have_no_members(history, directory):
    cast = history.cast
    assert directory.get("groups", opaque("group", SEED, "finance")) is None
    research = {item["user_id"] for item in directory.items("group_members", opaque("group", SEED, "research"))}
    # By events Chen and Dina; Dina went and Mina came in silence.
    assert research == people(history, "chen", "mina")
    lab = directory.get("workspaces", opaque("wrkspc", SEED, "lab"), cast.console.uuid)
    assert lab["archived_at"] is not None
    assert directory.items("workspace_members", lab["id"]) == []


def test_settings_have_the_last_stated_value_but_for_one(history, directory):
    last = {}
    for fields in stated(history, "claude_organization_settings_updated"):
        for update in fields["updates"]:
            last[update["type"]] = update["current_value"]
    listed = {i["name"]: i["value"] for i in directory.items("settings", history.cast.meridian.uuid)}
    both = {name for name in listed if last.get(name) is not None}
    assert len(both) > 15
    assert {name for name in both if listed[name] != last[name]} == {"web_search_enabled"}


def test_an_invitation_was_accepted_by_another_address(history, directory):
    accepted = {f["invite_id"]: f["actor"]["email_address"] for f in stated(history, "org_user_invite_accepted")}
    listed = {item["id"]: item for item in directory.items("invites", history.cast.meridian.uuid)}
    assert set(accepted) <= set(listed)
    other = {key for key, email in accepted.items() if listed[key]["email"].lower() != email.lower()}
    assert [accepted[key] for key in other] == ["tara+ai@meridian.example"]


def test_usage_has_a_spike_and_a_key_that_the_feed_does_not_know(history, directory):
    console, usage = history.cast.console.uuid, directory.usage
    prod = opaque("apikey", SEED, "platform", "prod")

    def tokens(day):
        return sum(row.output_tokens for row in usage.rows(console, day) if row.api_key_id == prod)

    days = [date.fromordinal(date(2026, 8, 1).toordinal() + n) for n in range(80)]
    assert max(map(tokens, days)) > 20 * sorted(map(tokens, days))[-2]
    keys = {row.api_key_id for day in days for row in usage.rows(console, day)}
    assert opaque("apikey", SEED, "platform", "quiet") in keys
    assert usage.rows(history.cast.meridian.uuid, days[0]) == []


def test_the_same_history_has_the_same_directory(history, directory):
    again = made_up_directory(History(SEED, history.size).chronicle)
    for name in ("organizations", "groups", "compliance_keys"):
        assert again.items(name) == directory.items(name)
    for uuid in (history.cast.meridian.uuid, history.cast.console.uuid):
        for name in ("users", "members", "invites", "roles", "workspaces", "api_keys", "settings"):
            assert again.items(name, uuid) == directory.items(name, uuid)


def test_it_is_served_with_the_history(cache, get):
    with LocalFeed(size=1_500, seed=SEED, cache=cache, directory=True) as feed:
        organizations = get(feed, "/v1/compliance/organizations").json()["data"]
        assert [item["name"] for item in organizations] == [
            "Meridian Labs",
            "Meridian Console",
            "Harbor & Søn A/S",
        ]
        assert get(feed, "/v1/organizations/me").json()["name"] == "Meridian Console"
        made_by_events = {
            k for k, text in feed.records() if json.loads(text)["type"] == "platform_workspace_created"
        }
        workspaces = get(feed, "/v1/organizations/workspaces", include_archived="true").json()["data"]
        assert len(workspaces) == len(made_by_events)


def test_a_big_directory(get):
    organizations = Cast(SEED).organizations[:2]
    directory = big_directory(organizations)
    enterprise, console = (organization.uuid for organization in organizations)
    assert len(directory.items("users", enterprise)) == 5_000
    assert len(directory.items("groups")) == 200
    assert len(directory.items("workspaces", console)) == 100
    assert len(directory.items("api_keys", console)) == 2_000
    with LocalFeed(records=[], seed=SEED, directory=directory) as feed:
        page = get(feed, f"/v1/compliance/organizations/{enterprise}/users", limit=1_000).json()
        assert (len(page["data"]), page["has_more"]) == (1_000, True)
        keys = get(feed, "/v1/organizations/api_keys", limit=1_000).json()
        assert (len(keys["data"]), keys["has_more"]) == (1_000, True)
