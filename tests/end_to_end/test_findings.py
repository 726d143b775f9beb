"""Findings on the local_feed's history: which rules fire, what only looks alike, and that what was found stays."""

import re
import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from local_feed import History
from local_feed.history.ids import opaque
from orchestration.checks.findings import no_new_severe_findings
from orchestration.config.settings import ROOT
from orchestration.detections.catalogue import read_rules
from orchestration.resources import Warehouse
from tests.dbt_project.builds import build_models
from tests.end_to_end.conftest import RULES_OF_CASES, RULES_OF_DIRECTORY
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]
SEED = 11


def subjects(path: Path, rule: str) -> set[str]:
    found = rows(path, "select subject_id from marts.findings where rule_id = ? and is_supported", rule)
    return {subject for (subject,) in found}


def person(name: str) -> str:
    history = History(SEED, 3000)
    assert history.chronicle
    return history.cast.people[name].user_id


def test_every_rule_fires_on_the_history(built: Built):
    rules = {path.stem for path in (ROOT / "dbt_project/models/detections/rules").glob("*.sql")}
    fired = {rule for (rule,) in rows(built[0], "select distinct rule_id from marts.findings")}
    assert fired >= rules - RULES_OF_DIRECTORY - RULES_OF_CASES
    assert not fired & RULES_OF_DIRECTORY


def test_a_rule_that_names_no_organization_says_so(built: Built):
    """Else `detections.toml` takes a change for one organization that never does anything."""
    found = rows(built[0], "select rule_id, bool_or(organization_uuid is not null) from marts.findings group by 1")
    assert {rule for rule, names in found if names != read_rules()[rule].names_organization} == set()


@pytest.mark.parametrize(
    ("rule", "hit", "near_miss"),
    [
        ("mass_download", "sven", "priya"),
        ("mass_upload", "uwe", "tara"),
        ("mass_deletion", "rosa", "dina"),
        ("mass_snapshot", "mina", "dina"),
        ("many_access_failures", "vera", "dina"),
        ("directory_enumeration", "chen", "ada"),
        ("login_failures_then_success", "dina", "tara"),
        ("magic_link_login_without_second_factor", "chen", "vera"),
        ("activity_after_removal", "kofi", "jun"),
        ("self_elevation", "priya", "bruno"),
        ("admin_role_given", "uwe", "tara"),
        ("overlapping_networks", "mina", "elif"),
    ],
)
def test_a_story_is_found_and_the_one_that_looks_alike_is_not(built: Built, rule: str, hit: str, near_miss: str):
    found = subjects(built[0], rule)
    assert person(hit) in found
    assert person(near_miss) not in found


def test_keys_and_artifacts_are_distinct(built: Built):
    path = built[0]
    lena, ci = opaque("apikey", SEED, "lena"), opaque("apikey", SEED, "platform", "ci")
    assert lena in subjects(path, "active_key_of_leaver")
    # Lena's key was refused while it was inactive; the archived one was not.
    assert subjects(path, "key_used_after_end") == {ci}
    networks = rows(
        path, "select summary from marts.findings "
        "where rule_id = 'compliance_read_from_new_network' and subject_id = ?", lena,
    )  # fmt: skip
    assert [re.findall(r"[\d.]+/\d+", text) for (text,) in networks] == [["198.18.77.0/24"]]
    assert opaque("claude_artifact", SEED, 472.4) in subjects(path, "artifact_shared_with_link")
    assert opaque("claude_artifact", SEED, 473.4) not in subjects(path, "artifact_shared_with_link")
    acts = rows(
        path, "select count(*) from marts.findings as found join marts.activities as activity "
        "on activity.activity_id = found.evidence_activity_ids[2] "
        "where rule_id = 'sensitive_act_after_logging_disabled' and activity_type = 'org_data_export_started'"
    )  # fmt: skip
    assert acts == [(1,)]


def test_evidence_is_there_and_summaries_name_nobody(built: Built):
    path = built[0]
    lost = rows(
        path, "select evidence from (select unnest(evidence_activity_ids) as evidence from marts.findings) "
        "where evidence not in (select activity_id from marts.activities)"
    )  # fmt: skip
    assert lost == []
    assert rows(path, "select count(*) from marts.findings where len(evidence_activity_ids) = 0") == [(0,)]
    assert rows(path, "select summary from marts.findings where summary is null or summary like '%@%'") == []


def test_dagster_warns_of_severe_findings_by_rule_and_count_alone(built: Built):
    path, result = built
    [said] = [one for one in result.get_asset_check_evaluations() if one.check_name == "no_new_severe_findings"]
    assert (said.passed, said.severity) == (False, dg.AssetCheckSeverity.WARN)
    [(severe,)] = rows(path, "select count(*) from marts.findings where severity in ('critical', 'high')")
    assert said.metadata["new severe findings"].value == severe
    assert not re.search(r"@|\d+\.\d+\.\d+|user_0|apikey_0", repr(said))


FIRST_SEEN = "select evidence_activity_ids[1] from marts.findings where rule_id = 'first_seen_integration' limit 1"
UPLOADED = "select evidence_activity_ids[1] from marts.findings where rule_id = 'mass_upload'"
RESTRICTION = (
    "select evidence_activity_ids[1] from marts.findings where rule_id = 'ip_restriction_deleted' limit 1"
)


def arrive_late(path: Path, name: str, like: str, at: str) -> None:
    """Store one more activity, like the one that the query gives, at another time."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"insert into raw.activities by name select * replace (? as activity_id, {at} as created_at, "
            "(select max(ingest_seq) + 1 from raw.activities) as ingest_seq) "
            f"from raw.activities where activity_id = ({like})",
            [name],
        )


def test_late_data_adds_findings_and_moves_evidence_and_a_rebuild_gives_the_same(built: Built, tmp_path: Path):
    path = Path(shutil.copy(built[0], tmp_path))
    findings_query = (
        "select * exclude (is_supported, is_open) from marts.findings where rule_id <> 'mass_upload' "
        "order by finding_id"
    )
    before = rows(path, findings_query)
    [(lost,)] = rows(
        path, f"select finding_id from marts.findings where evidence_activity_ids[1] = ({FIRST_SEEN})"
    )
    # The integration was there from the start, one more file was uploaded, and one more restriction deleted.
    arrive_late(path, "late_1", FIRST_SEEN, "(select min(created_at) from raw.activities)")
    arrive_late(path, "late_2", UPLOADED, "created_at - interval 1 second")
    arrive_late(path, "late_3", RESTRICTION, "created_at - interval 40 day")
    build_models(path, tmp_path / "target", "--select", "+findings")
    after = rows(path, findings_query)
    assert set(map(repr, before)) <= set(map(repr, after))
    late = rows(
        path, "select rule_id from marts.findings where evidence_activity_ids[1] like 'late%' order by all"
    )
    assert late == [("ip_restriction_deleted",), ("mass_upload",)]
    assert len(after) == len(before) + 1
    assert rows(path, "select finding_id from marts.findings where not is_supported") == [(lost,)]
    said = no_new_severe_findings(Warehouse(database=str(path)))
    assert said.description == "ip_restriction_deleted: 1"
    timeless = findings_query.replace("is_open)", "is_open, found_at)")
    supported = {repr(row) for row in rows(path, timeless) if row[0] != lost}
    with duckdb.connect(str(path)) as connection:
        connection.execute("drop table detections.finding_history")
    build_models(path, tmp_path / "target", "--full-refresh", "--select", "+findings")
    # A rebuild finds them at another time, and has forgotten what the data does not show.
    assert {repr(row) for row in rows(path, timeless)} == supported
