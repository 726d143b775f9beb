"""A dbt project that is newer than its manifest is parsed by what loads it, and never built half known."""

import os
from pathlib import Path

import pytest
from dagster_dbt.dbt_project import DbtProject, DbtProjectPreparer

from local_feed import LocalFeed
from orchestration.assets.project import parse_if_changed
from orchestration.project_files import project_sha256
from tests.end_to_end.conftest import environment_of, run

OLD = 1_700_000_000


class Parser(DbtProjectPreparer):
    """Parses as dbt does; with `fault` set it fails."""

    def __init__(self) -> None:
        self.parsed, self.fault = 0, ""

    def prepare_if_dev(self, project: DbtProject) -> None: ...

    def prepare(self, project: DbtProject) -> None:
        if self.fault:
            raise RuntimeError(self.fault)
        self.parsed += 1
        project.manifest_path.parent.mkdir(exist_ok=True)
        project.manifest_path.write_text("{}")


def test_a_project_is_parsed_where_it_is_newer_than_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    model = tmp_path / "models" / "marts" / "users.sql"
    model.parent.mkdir(parents=True)
    for path in (tmp_path / "dbt_project.yml", tmp_path / "profiles.yml", model):
        path.write_text("name: x")
    parser = Parser()
    monkeypatch.setattr("dagster_dbt.dbt_project.DagsterDbtProjectPreparer", lambda **_: parser)
    project = DbtProject(tmp_path)
    places = [tmp_path / "models", *(tmp_path / "models").rglob("*"), *tmp_path.glob("*.yml")]

    def load() -> str:
        found = parse_if_changed(project)
        for path in (*places, project.manifest_path):
            if path.exists():
                os.utime(path, (OLD, OLD))
        return found

    first = project_sha256(tmp_path)
    assert [load(), load()] == [first, first]
    assert parser.parsed == 1
    model.write_text("select 1")
    assert load() == project_sha256(tmp_path) != first
    assert parser.parsed == 2
    model.unlink()
    assert load() == project_sha256(tmp_path)
    assert parser.parsed == 3
    (tmp_path / "models" / "new.sql").touch()
    parser.fault = f"See {'x' * 300}. Errors parsed from dbt logs:\n\nParsing Error\n  in users.sql"
    assert load() == ""
    assert "cannot be parsed: Parsing Error in users.sql. Run `make setup`." in caplog.text
    project.manifest_path.unlink()
    with pytest.raises(RuntimeError, match="Parsing Error"):
        load()


def test_a_project_that_changed_under_a_run_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.assets.transformation.PARSED_SHA256", "of another version")
    with LocalFeed(records=[]) as feed:
        result = run("rebuild", tmp_path / "w.duckdb", environment_of(feed))
    [failed] = result.filter_events(lambda event: event.is_step_failure)
    assert failed.step_key == "curated_tables"
    assert "nothing was built" in failed.step_failure_data.user_failure_data.description
    assert not (tmp_path / "w.dbt").exists()
