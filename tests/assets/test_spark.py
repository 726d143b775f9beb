"""The build on Spark in Dagster: what it adds, and what its failures say.

`dbt` is a script that fails as dbt does. The build itself runs on a real Spark: docs/spark.md.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.assets.dbt_process import DbtProcess, read_note, spark_directory
from orchestration.assets.project import project
from orchestration.assets.publishing import MARTS
from orchestration.assets.transformation import curated_tables
from orchestration.definitions import build_defs
from orchestration.definitions import defs as without_spark
from orchestration.resources import Warehouse
from orchestration.run_states import run_conditions
from tests.fake_dbt import make_dbt, message, result

ARCHIVE = dg.AssetKey(["archive", "activities"])
STUCK_AFTER = timedelta(hours=2)
MODEL = "model.compliance.users"
[TEST] = [
    name
    for name, node in json.loads(project.manifest_path.read_text())["nodes"].items()
    if node.get("attached_node") == MODEL and "code" not in node["tags"]
]

Run = Callable[..., tuple[dg.ExecuteInProcessResult, str]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the warehouse of all these tests is to be: none opens it."""
    return tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"


@pytest.fixture(scope="module")
def defs(path: Path) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_DBT", "/somewhere/dbt")
        return build_defs(warehouse=Warehouse(database=str(path)))


@pytest.fixture
def run(defs: dg.Definitions, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the job with a dbt that says these things of `build` and ends with this status; its error, if any."""
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("ARCHIVE_PATH", str(tmp_path / "archive"))

    def run(
        *messages: dict | str, dbt: Path | None = None, status: int = 1, results: list[dict] | None = None
    ) -> tuple[dg.ExecuteInProcessResult, str]:
        script = make_dbt(tmp_path, messages, status, results or [])
        monkeypatch.setenv("SPARK_DBT", str(dbt or script))
        with dg.DagsterInstance.ephemeral() as instance:
            done = defs.resolve_job_def("spark").execute_in_process(instance=instance, raise_on_error=False)
            [*conditions] = run_conditions(instance, STUCK_AFTER, datetime.now(UTC))
        assert [one.subject_id for one in conditions] == ([] if done.success else ["spark"])
        failed = done.filter_events(lambda event: event.is_step_failure)
        return done, "".join(one.step_failure_data.user_failure_data.description for one in failed)

    return run


def test_with_a_dbt_for_spark_every_table_and_check_is_there_once_more(defs: dg.Definitions):
    before, graph = without_spark.resolve_asset_graph(), defs.resolve_asset_graph()
    added = graph.get_all_asset_keys() - before.get_all_asset_keys()
    assert added == {key.with_prefix("spark") for key in curated_tables.keys}
    assert not before.get_all_asset_keys() - graph.get_all_asset_keys()
    assert {graph.get(key).group_name for key in added} == {"spark"}
    assert graph.get(dg.AssetKey(["spark", "marts", "users"])).kinds == {"dbt", "spark"}
    roots = {parent for key in added for parent in graph.get(key).parent_keys} - added
    assert roots == {ARCHIVE}
    checks = graph.asset_check_keys - before.asset_check_keys
    tests = {(tuple(key.asset_key.path), key.name) for key in curated_tables.check_keys}
    assert {(tuple(key.asset_key.path[1:]), key.name) for key in checks} == tests


def test_it_has_a_job_and_a_schedule_of_its_own_and_no_other_job_has_its_steps(defs: dg.Definitions):
    before, repository = without_spark.get_repository_def(), defs.get_repository_def()
    names = {job.name for job in repository.get_all_jobs()} - {job.name for job in before.get_all_jobs()}
    assert names == {"spark"}
    [schedule] = [one for one in repository.schedule_defs if not before.has_schedule_def(one.name)]
    assert (schedule.name, schedule.default_status) == ("spark_schedule", dg.DefaultScheduleStatus.RUNNING)
    for job in repository.get_all_jobs():
        if not job.name.startswith("__"):
            has_step = "spark_tables" in {node.name for node in job.nodes}
            assert has_step == (job.name == "spark")
            assert job.tags["compliance/engine"] == ("spark" if has_step else "duckdb")


def test_the_schedule_runs_as_often_as_its_setting_says(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    schedule = defs.get_repository_def().get_schedule_def("spark_schedule")
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:

        def is_run(every: str, hour: int) -> bool:
            monkeypatch.setenv("SPARK_EVERY_HOURS", every)
            with dg.build_schedule_context(instance, datetime(2026, 11, 30, hour, 17, tzinfo=UTC)) as context:
                return bool(schedule.evaluate_tick(context).run_requests)

        assert [is_run("", 0), is_run("", 8)] == [True, False]
        assert [is_run("8", 8), is_run("8", 9)] == [True, False]
        assert not is_run("often", 0)


def test_a_failed_test_is_a_failed_check_and_no_table_counts_as_made(run: Run):
    done, failure = run(
        result("LogModelResult", MODEL, "success"),
        result("LogTestResult", TEST, "fail"),
        results=[
            {"unique_id": MODEL, "status": "success", "message": "OK"},
            {"unique_id": TEST, "status": "fail", "message": "Got 2 results, configured to fail if != 0"},
        ],
    )
    assert not done.success
    assert not done.get_asset_materialization_events()
    [check] = done.get_asset_check_evaluations()
    assert (check.asset_key.path, check.check_name, check.passed) == (
        ["spark", "marts", "users"],
        "valid_columns",
        False,
    )
    assert "dbt failed in 1 node(s). valid_columns_users" in failure
    assert "Readers keep the last finished build." in failure


def test_an_error_of_spark_is_named_without_the_values_it_quotes(run: Run):
    text = (
        "Runtime Error in model users (models/marts/users.sql)\n  [CAST_INVALID_INPUT] The value 'ann@example.com'"
    )
    _, failure = run(
        result("LogModelResult", MODEL, "error"),
        results=[{"unique_id": MODEL, "status": "error", "message": text}],
    )
    assert "users: Runtime Error in model users (models/marts/users.sql) [CAST_INVALID_INPUT]." in failure
    assert "example.com" not in failure


def test_a_build_that_succeeds_makes_tables_that_name_it(run: Run, tmp_path: Path):
    done, _ = run(
        result("LogModelResult", MODEL, "success"),
        result("LogTestResult", TEST, "pass"),
        "a line of Java",
        status=0,
    )
    assert done.success
    [made] = done.get_asset_materialization_events()
    register, build = map(json.loads, (tmp_path / "calls").read_text().splitlines())
    assert made.materialization.metadata["build"].value == build[1]["SPARK_BUILD"] == register[1]["SPARK_BUILD"]
    # The snapshot that the build reads; `archive/activities` keeps it meanwhile.
    assert (tmp_path / "note").read_text() == "00000007"
    assert register[1]["ARCHIVE_PATH"] == str(tmp_path / "archive")
    assert [command[0][command[0].index("--target") + 1] for command in (register, build)] == ["spark", "spark"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Runtime Error\n  Database Error\n    failed to connect: TTransportException",
            "Spark cannot be reached at spark.example.internal:10000. Check SPARK_HOST and SPARK_PORT",
        ),
        ("Runtime Error\n  Could not find adapter type spark!", "has no adapter for Spark. Install dbt-spark"),
    ],
)
def test_what_keeps_a_build_from_its_start_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str, sentence: str
):
    monkeypatch.setenv("SPARK_HOST", "spark.example.internal")
    done, failure = run(message("MainEncounteredError", "error", text), status=2)
    assert not done.success
    assert sentence in failure


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (None, 0, "which cannot be run: No such file or directory."),
        ("#!/bin/sh\n", 0o644, "which cannot be run: Permission denied."),
        ("#!/bin/sh\necho usage; exit 3\n", 0o755, "which ended with status 3 and is no dbt: usage"),
    ],
)
def test_a_wrong_executable_is_one_sentence(
    run: Run, tmp_path: Path, content: str | None, mode: int, sentence: str
):
    program = tmp_path / "program"
    if content is not None:
        program.write_text(content)
        program.chmod(mode)
    _, failure = run(dbt=program)
    assert failure.startswith(f"SPARK_DBT is {program}, {sentence}")


def test_without_an_archive_nothing_is_built(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ARCHIVE_PATH", "")
    assert "ARCHIVE_PATH is not set" in run()[1]


def test_of_other_formats_than_parquet_nothing_is_published(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPARK_WAREHOUSE", "data/spark")
    monkeypatch.setenv("SPARK_FILE_FORMAT", "delta")
    assert "only Parquet is published from" in run()[1]


@pytest.mark.parametrize("reason", ["", "records were removed"])
def test_tables_of_iceberg_grow_and_are_rebuilt_where_they_cannot(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
):
    monkeypatch.setenv("SPARK_FILE_FORMAT", "iceberg")
    here = tmp_path / "iceberg"
    here.mkdir()
    assert run(dbt=make_dbt(here, rebuild=reason))[0].success
    _, build, upkeep = map(json.loads, (here / "calls").read_text().splitlines())
    assert "SPARK_BUILD" not in build[1]
    assert "upkeep" in upkeep[0]
    assert ("--full-refresh" in build[0]) == bool(reason)


def test_what_is_published_from_there_comes_from_its_marts(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPARK_DBT", "/somewhere/dbt")
    monkeypatch.setenv("SPARK_WAREHOUSE", "data/spark")
    graph = build_defs().resolve_asset_graph()
    edition = dg.AssetKey(["spark", "published", "edition"])
    assert graph.get(edition).parent_keys == {key.with_prefix("spark") for key in MARTS}
    published = {f"{which}{kind}" for which in ("", "general_") for kind in ("database", "parquet", "postgres")}
    assert graph.get(edition).child_keys == {dg.AssetKey(["spark", "published", name]) for name in published}
    assert {graph.get(key).group_name for key in graph.get(edition).child_keys} == {"spark"}


def test_a_dbt_that_outlived_its_run_keeps_the_next_from_building(run: Run, path: Path):
    """It holds the lock, which it inherited."""
    dbt = DbtProcess(path, spark_directory(path), path, {})
    with dbt.lock() as lock:
        dbt.note(lock, "00000007")
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock])
    try:
        assert "A build that an earlier run began is still running" in run(status=0)[1]
        assert read_note(spark_directory(path)) == "00000007"
    finally:
        child.communicate(b"\n")
    assert run(status=0)[0].success
    assert not read_note(spark_directory(path))


def test_an_interrupted_run_interrupts_its_dbt_and_waits_for_its_end(path: Path, tmp_path: Path):
    (tmp_path / "on_build").write_text("""
import signal
try:
    print(json.dumps({"info": {"name": "MainReportVersion", "level": "info", "msg": ""}, "data": {}}), flush=True)
    signal.pause()
except KeyboardInterrupt:
    (here / "ended").touch()
""")
    dbt = DbtProcess(make_dbt(tmp_path), tmp_path, tmp_path, {})

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with dbt.lock() as lock, pytest.raises(KeyboardInterrupt):
        dbt.run(lock, ["build"], interrupt)
    assert (tmp_path / "ended").exists()
