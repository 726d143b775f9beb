"""What is found, when it happened and on which evidence: the same in one go, in increments and shuffled."""

import json
from typing import Any

import pytest

from tests.conftest import Query
from tests.dbt_project.cases.conftest import HISTORIES

Finding = tuple[str, str | None, str, list[str]]


def found(cases: Query, story: str, *rules: str) -> list[Finding]:
    """The supported findings that rest on a story: rule, subject, time, evidence."""
    rows = cases(
        """
        select rule_id, subject_id, strftime(occurred_at, '%m-%d %H:%M'), evidence_activity_ids
        from marts.findings
        where is_supported and (len($2) = 0 or list_contains($2, rule_id))
            and len(list_filter(evidence_activity_ids, lambda one: starts_with(one, 'activity_' || $1 || '_'))) > 0
        order by rule_id, occurred_at, subject_id
        """,
        story,
        list(rules),
    )
    return [
        (rule, subject, at, [one.rpartition("_")[2] for one in evidence]) for rule, subject, at, evidence in rows
    ]


def subjects(cases: Query, story: str, rule: str) -> set[str | None]:
    return {subject for _, subject, _, _ in found(cases, story, rule)}


@pytest.mark.parametrize(
    ("story", "rule", "expected"),
    [
        ("S28", "activity_after_removal", [("user_S28_bob", "03-01 10:20", ["001", "002"])]),
        ("S29", "activity_after_removal", [("user_S29_bob", "03-01 10:06", ["001", "002"])]),
        ("S11", "activity_after_removal", [("user_S11_bob", "03-05 10:00", ["002", "003"])]),
        ("S11", "active_key_of_leaver", [("apikey_S11K", "03-01 10:00", ["002"])]),
        ("T18", "activity_after_removal", [("user_T18_bob", "03-02 10:00", ["001", "002"])]),
        ("S12", "activity_after_removal", []),
        ("S34", "activity_after_removal", []),
        ("S04", "key_used_after_end", [("apikey_S04X", "03-01 10:25", ["002", "003"])]),
        # Comes back within the hour, is removed again an hour later, and acts once in each absence.
        ("F01", "activity_after_removal",
         [("user_F01_bob", "03-01 10:10", ["001", "003"]), ("user_F01_bob", "03-01 11:12", ["007", "009"])]),
        # Acts only within the grace and after the return, although both lie in one hour.
        ("F02", "activity_after_removal", []),
        # A service account and an admin key, each archived or switched off for some minutes; one call was refused.
        ("F03", "key_used_after_end",
         [("svac_F03", "03-01 10:20", ["002", "004"]), ("admin_api_key_F03", "03-02 10:31", ["007", "010"])]),
        # The end of an account ends two memberships: an act in each organization is a finding of its own.
        ("F30", "activity_after_removal",
         [("user_F30_bob", "03-02 10:00", ["002", "003"]), ("user_F30_bob", "03-02 11:00", ["002", "004"])]),
    ],
)  # fmt: skip
def test_acts_without_access_are_found_one_by_one(
    cases: Query, story: str, rule: str, expected: list[tuple[str, str, list[str]]]
):
    assert [finding[1:] for finding in found(cases, story, rule)] == expected


@pytest.mark.parametrize(
    ("story", "own", "given"),
    [
        # The inviter gave the role.
        ("S15", set(), {"s15.bob@corp.example"}),
        ("S14", {"user_S14_eve"}, {"user_S14_bob", "user_S14_eve"}),
        ("S59", {"user_S59_bob"}, set()),
        ("S60", {"user_S60_eve"}, {"grp_S60"}),
        # An invitation as a user, and an administrator at once: the inviter did not give that.
        ("F04", {"user_F04_bob"}, set()),
        # Assigns a role to a group they are in; takes over the ownership; joins a group without any role.
        ("F05", {"user_F05_bob"}, set()),
        ("F06", {"user_F06_bob"}, {"user_F06_bob"}),
        ("F07", set(), set()),
        # A permission is added to a role that the actor held once, and one to a role that another holds.
        ("F08", set(), set()),
        # Steps down from owner to admin, and back to the owner that they no longer were.
        ("F09", {"user_F09_bob"}, set()),
    ],
)
def test_who_raised_what_they_may_do_themselves(cases: Query, story: str, own: set[str], given: set[str]):
    assert subjects(cases, story, "self_elevation") == own
    assert subjects(cases, story, "admin_role_given") == given


def test_each_way_of_raising_oneself_is_a_finding_of_its_own(cases: Query):
    ways = [(at, evidence) for _, _, at, evidence in found(cases, "S59", "self_elevation")]
    assert ways == [("03-01 10:00", ["002"]), ("03-02 10:00", ["003"])]
    assert [at for _, _, at, _ in found(cases, "S14", "self_elevation")] == ["03-02 10:00"]
    assert [at for _, _, at, _ in found(cases, "S60", "self_elevation")] == ["03-01 10:00"]


def test_a_switch_is_reported_by_what_it_was_set_to(cases: Query):
    rules = ("compliance_logging_disabled", "sensitive_act_after_logging_disabled")
    assert [(rule, at) for rule, _, at, _ in found(cases, "S16", *rules)] == [(rules[0], "03-01 10:00")]
    assert [(rule, at) for rule, _, at, _ in found(cases, "S56", *rules)] == [(rules[0], "03-01 10:00")]
    # The provider's staff are many people: what they do elsewhere is not joined to what they switched off.
    assert [(rule, at) for rule, _, at, _ in found(cases, "S57", *rules)] == [(rules[0], "03-01 10:00")]
    # Stated as off again: not switched off again, but the hours run from the switching off. What was switched off
    # after it counts, and a person is one across organizations.
    assert [(rule, at, evidence) for rule, _, at, evidence in found(cases, "F10", *rules)] == [
        (rules[0], "03-01 10:00", ["001"]),
        (rules[1], "03-01 12:00", ["001", "003"]),
        (rules[1], "03-01 13:00", ["001", "004"]),
    ]


def test_what_was_off_before_it_was_first_switched_on_is_a_blind_spot(cases: Query):
    spots = cases(
        "select switch, began_at, strftime(ended_at, '%m-%d %H:%M'), is_open from marts.blind_spots "
        "where organization_uuid = 'org-S17' order by switch"
    )
    assert spots == [
        ("compliance_api_enabled", None, "02-10 10:00", False),
        ("compliance_api_logging_enabled", None, "02-10 10:00", False),
    ]


def test_an_address_is_compared_by_value(cases: Query):
    assert found(cases, "T19", "compliance_read_from_new_network") == []
    [(_, _, at, evidence)] = found(cases, "F11", "compliance_read_from_new_network")
    assert (at, evidence) == ("03-04 10:00", ["005"])


def test_people_who_change_networks_are_found_by_turns(cases: Query):
    # From one network to the next and never back; then by turns.
    assert [finding[2:] for finding in found(cases, "F12", "overlapping_networks")] == [
        ("03-02 10:30", ["005", "006", "007", "009"])
    ]


def test_failures_and_the_success_after_them_are_counted_one_by_one(cases: Query):
    assert [finding[1:] for finding in found(cases, "F13", "login_failures_then_success")] == [
        ("user_F13_bob", "03-01 10:59", ["001", "006"])
    ]


def test_nothing_else_is_found_in_the_stories(cases: Query):
    """Each made story is exact: what it does not expect is not found."""
    stories: dict[str, Any] = {}
    for path in sorted(HISTORIES.glob("findings_*.ndjson")):
        for line in path.read_text().splitlines():
            stories.setdefault(json.loads(line)["id"].split("_")[1], set())
    ordinary = {"admin_key_created", "compliance_key_created", "data_exported", "key_unused"}
    for story, rules in stories.items():
        rules |= {finding[0] for finding in found(cases, story)} - ordinary
    assert stories == {
        "F01": {"activity_after_removal"},
        "F02": set(),
        "F03": {"key_used_after_end", "compliance_read_by_new_key"},
        "F04": {"self_elevation"},
        "F05": {"self_elevation"},
        "F06": {"self_elevation", "admin_role_given", "primary_owner_transferred"},
        "F07": set(),
        "F08": set(),
        "F09": {"self_elevation"},
        "F10": {"compliance_logging_disabled", "sensitive_act_after_logging_disabled", "sso_weakened"},
        "F11": {"compliance_read_from_new_network", "compliance_read_by_new_key"},
        "F12": {"overlapping_networks"},
        "F13": {"login_failures_then_success"},
        "F30": {"activity_after_removal"},
        "F31": {"admin_role_given", "code_egress_enabled", "invite_domains_widened"},
    }
    assert cases("select finding_id from marts.findings group by finding_id having count(*) > 1") == []
