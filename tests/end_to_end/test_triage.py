"""One run of the job `triage` after a change of `detections.toml`: both hold from its build, and are published."""

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.detections.catalogue import read_rules
from tests.end_to_end.conftest import PSEUDONYM_KEY, environment_of, run
from tests.end_to_end.test_directory import unchanged
from tests.end_to_end.test_findings import person
from tests.rows import rows

TUNING = """
[[change]]
rule = "spend_limit_deleted"
enabled = false
reason = "test"

[[change]]
rule = "mass_upload"
severity = "low"
reason = "test"

[[change]]
rule = "mass_deletion"
thresholds = {minimum = 1000}
reason = "test"

[[change]]
working_hours = "Mon-Sun 00:00-24:00"
reason = "test"

[[change]]
rule = "first_seen_integration"
organization = "ORGANIZATION"
thresholds = {learning_days = 10000}
reason = "test"

[[allow]]
person = "KOFI"
rule = "activity_after_removal"
reason = "test"

[[allow]]
network = "198.18.0.0/16"
rule = "compliance_read_from_new_network"
reason = "test"
"""
# Every threshold that an organization can have, far up, for one that has nothing: all that it finds stays.
ELSEWHERE = "".join(
    f"[[change]]\nrule='{rule_id}'\norganization='o'\nthresholds={{{name}={one.default * 100}}}\nreason='x'\n"
    for rule_id, rule in read_rules().items()
    for name, one in rule.thresholds.items()
    if one.by_organization and not one.of
)


@pytest.fixture(scope="module")
def triaged(built: tuple[Path, dg.ExecuteInProcessResult], history: LocalFeed, tmp_path_factory) -> Path:
    """A copy of the warehouse after that run: one finding of Sven acknowledged."""
    path = Path(shutil.copy(built[0], tmp_path_factory.mktemp("triaged") / "warehouse.duckdb"))
    tuning = path.with_name("detections.toml")
    [(organization, _)] = integrations(path)
    text = TUNING.replace("KOFI", person("kofi")).replace("ORGANIZATION", organization)
    tuning.write_text(text + ELSEWHERE)
    [(finding, _)] = seen(path)
    environment = environment_of(history, PSEUDONYM_KEY=PSEUDONYM_KEY, DETECTIONS=str(tuning))
    config = {"status": "acknowledged", "decided_by": "on-call", "note": "case 7", "findings": [finding[:12]]}
    result = run("triage", path, environment, {"ops": {"raw__finding_decisions": {"config": config}}})
    assert result.success
    assert "activities" in unchanged(result)
    assert "findings" not in unchanged(result)
    return path


def seen(path: Path) -> list[tuple]:
    return rows(
        path,
        "select finding_id, triage_status from marts.findings where rule_id = 'mass_download' and subject_id = ?",
        person("sven"),
    )


def integrations(path: Path) -> list[tuple]:
    """In which organizations the rule found something, and whether it still stands."""
    return rows(
        path,
        "select organization_uuid, bool_or(is_supported) from marts.findings "
        "where rule_id = 'first_seen_integration' group by 1 order by 1",
    )


def states(path: Path, rule: str) -> set[tuple]:
    return set(rows(path, "select severity, is_supported, is_open from marts.findings where rule_id = ?", rule))


def test_what_a_change_takes_away_is_unsupported_and_not_lost(triaged: Path):
    assert states(triaged, "spend_limit_deleted") == {("low", False, False)}
    assert states(triaged, "mass_deletion") == {("high", False, False)}
    assert states(triaged, "compliance_read_from_new_network") == {("high", False, False)}
    kofi = rows(
        triaged,
        "select distinct is_supported from marts.findings where rule_id = 'activity_after_removal' "
        "and subject_id = ?",
        person("kofi"),
    )
    assert kofi == [(False,)]


def test_a_threshold_of_one_organization_holds_there_alone(triaged: Path):
    assert [stands for _, stands in integrations(triaged)] == [False]
    for rule in ("mass_download", "magic_link_login_without_second_factor", "many_access_failures"):
        assert {supported for _, supported, _ in states(triaged, rule)} == {True}


def test_severity_and_working_hours_are_those_of_the_file(triaged: Path):
    assert states(triaged, "mass_upload") == {("low", True, True)}
    hours = "select distinct is_outside_working_hours from marts.findings where is_supported"
    assert rows(triaged, hours) == [(False,)]


def test_a_decision_is_shown_with_who_and_why(triaged: Path):
    assert [status for _, status in seen(triaged)] == ["acknowledged"]
    assert rows(
        triaged,
        "select triaged_by, triage_note, is_open, time_to_triage_minutes >= 0 from marts.findings "
        "where triage_status <> 'open'",
    ) == [("on-call", "case 7", True, True)]


def test_each_finding_has_its_evidence_also_where_it_is_published(triaged: Path):
    lost = rows(
        triaged, "select count(*) filter (where activity_type is null), count(distinct finding_id) = "
        "(select count(*) from marts.findings) from marts.finding_evidence",
    )  # fmt: skip
    assert lost == [(0, True)]
    with duckdb.connect(str(triaged.parent / "published-general" / "compliance.duckdb")) as connection:
        names = {name for name, *_ in connection.sql("describe marts.finding_evidence").fetchall()}
        assert {"finding_id", "activity_id", "actor_ip_address"} <= names
        assert connection.sql(
            "select count(*) from marts.finding_evidence where actor_ip_address not like '%/%'"
        ).fetchall() == [(0,)]
        assert "triage_note" not in {name for name, *_ in connection.sql("describe marts.findings").fetchall()}
