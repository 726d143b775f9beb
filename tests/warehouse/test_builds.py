"""What a build was made from: the project by content, the activities by how far they had come."""

import shutil
from pathlib import Path

import pytest

from orchestration.config.settings import ROOT
from orchestration.landing.directory import land_walks
from orchestration.landing.walk import Walk
from orchestration.project_files import project_sha256
from orchestration.warehouse.builds import (
    has_unreported_reads,
    last_build,
    newest_ingest_seq,
    newest_walk_seq,
    record_build,
)
from orchestration.warehouse.connection import open_warehouse


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the dbt project without what dbt writes into it."""
    copy = tmp_path / "dbt_project"
    shutil.copytree(ROOT / "dbt_project", copy, ignore=shutil.ignore_patterns("target", "logs"))
    return copy


@pytest.mark.parametrize(
    "name", ["models/marts/activities.sql", "macros/json.sql", "seeds/activity_types.csv", "dbt_project.yml"]
)
def test_a_change_of_the_project_is_noticed(project: Path, name: str):
    before = project_sha256(project)
    assert before == project_sha256(ROOT / "dbt_project")
    (project / name).write_bytes((project / name).read_bytes() + b"\n")
    assert project_sha256(project) != before


def test_what_dbt_writes_is_no_change(project: Path):
    before = project_sha256(project)
    (project / "target").mkdir()
    (project / "target" / "manifest.json").write_text("{}")
    assert project_sha256(project) == before


def test_the_newest_build_counts(path: Path):
    with open_warehouse(path) as connection:
        assert last_build(connection) is None
        assert newest_ingest_seq(connection) == 0
        record_build(connection, "first", 3, 0)
        record_build(connection, "second", 5, 0)
        build = last_build(connection)
        assert (build.project_sha256, build.ingest_seq) == ("second", 5)


def test_only_complete_walks_of_the_directory_are_a_reason_to_build(path: Path):
    with open_warehouse(path) as connection:
        assert newest_walk_seq(connection) == 0
        walks = [Walk(source="s", list_name="groups") for _ in range(3)]
        walks[2].end("made to fail")
        land_walks(connection, walks, max_gone_percent=10)
        assert newest_walk_seq(connection) == 2
        record_build(connection, "of this project", 0, 2)
        assert last_build(connection).walk_seq == 2


def test_a_read_that_is_known_later_to_be_ours_needs_a_build(path: Path):
    with open_warehouse(path) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.activities as select 'compliance_api_accessed' as activity_type, "
            "false as is_own_read, 'req_1' as request_id"
        )
        assert not has_unreported_reads(connection)
        connection.execute("insert into raw.feed_requests values ('req_1', 's', null, 200, '2026-01-01')")
        assert has_unreported_reads(connection)
        connection.execute("update marts.activities set is_own_read = true")
        assert not has_unreported_reads(connection)
