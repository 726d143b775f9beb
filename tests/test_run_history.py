"""Retention of Dagster's storage: old runs are deleted, the newest state and logged seals are kept.

In SQLite, and where the two differ in PostgreSQL as `deploy/` configures it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster._core.storage.runs.schema import RunsTable

from orchestration.config.settings import ROOT, Settings
from orchestration.config.values import ConfigurationError
from orchestration.run_history import EVIDENCE_TAG, purge_history, retract_planned_checks

TABLE = dg.AssetKey("table")
SEALS = dg.AssetKey("seals")
NOW = datetime.now(UTC)


# What both storages do differently; the rest is Dagster's own interface.
IN_BOTH = pytest.mark.parametrize("instance", ["SQLite", "PostgreSQL"], indirect=True)


class What(dg.Config):
    is_sealing: bool = False
    is_quiet: bool = False
    is_failing: bool = False


@dg.multi_asset(
    specs=[dg.AssetSpec(TABLE)], check_specs=[dg.AssetCheckSpec("holds", asset=TABLE)], can_subset=True
)
def table(context: dg.AssetExecutionContext, config: What) -> Iterator[dg.MaterializeResult]:
    if config.is_quiet:
        retract_planned_checks(context.instance, context.run.run_id, "table")
    yield dg.MaterializeResult(
        metadata={"padding": "x" * 50_000},
        check_results=[] if config.is_quiet else [dg.AssetCheckResult(passed=True, check_name="holds")],
    )


@dg.asset(key=SEALS)
def seals(config: What) -> dg.MaterializeResult:
    if config.is_failing:
        raise dg.Failure
    return dg.MaterializeResult(tags={EVIDENCE_TAG: "true"} if config.is_sealing else None)


@pytest.fixture
def instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[dg.DagsterInstance]:
    settings: dict[str, Any] = {"telemetry": {"enabled": False}}
    if getattr(request, "param", "") == "PostgreSQL":
        pytest.importorskip(
            "dagster_postgres", reason="Install deploy/requirements.txt, which has dagster-postgres."
        )
        url = urlsplit(request.getfixturevalue("url").get_secret_value())
        settings = yaml.safe_load((ROOT / "deploy" / "dagster.postgres.yaml").read_text())
        # The server of the tests listens on a socket alone.
        settings["storage"]["postgres"]["postgres_db"]["params"] = dict(parse_qsl(url.query))
        values = {"HOST": "", "USERNAME": url.username, "PASSWORD": url.password, "DB": url.path[1:]}
        for name, value in values.items():
            monkeypatch.setenv(f"DAGSTER_PG_{name}", value or "")
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def run(
    instance: dg.DagsterInstance,
    *,
    job: str = "verify",
    is_quiet: bool = False,
    is_sealing: bool = False,
    is_failing: bool = False,
    at: datetime = NOW,
) -> str:
    """One run of both assets; a quiet one has no result of the check."""
    config = {"config": {"is_sealing": is_sealing, "is_quiet": is_quiet, "is_failing": is_failing}}
    done = (
        dg.Definitions(assets=[table, seals], jobs=[dg.define_asset_job(job)])
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance, run_config={"ops": {"table": config, "seals": config}}, raise_on_error=False
        )
    )
    assert done.success != is_failing
    with instance.run_storage.connect() as connection:
        made = {"create_timestamp": at.replace(tzinfo=None)}
        connection.execute(sa.update(RunsTable).where(RunsTable.c.run_id == done.run_id).values(made))
    return done.run_id


def left(instance: dg.DagsterInstance, *, after: timedelta, days: int = 90) -> list[str]:
    """The runs that are left when so much time has passed."""
    purge_history(instance, days, NOW + after)
    return [one.run_id for one in reversed(instance.get_runs())]


def files(instance: dg.DagsterInstance) -> set[str]:
    found = Path(instance.root_directory).glob("history/runs/*.db*")
    return {path.name.split(".")[0] for path in found} - {"index"}


def test_runs_are_deleted_after_the_setting(instance: dg.DagsterInstance):
    old, newest = run(instance), run(instance)
    assert left(instance, after=timedelta(days=89)) == [old, newest]
    assert left(instance, after=timedelta(days=91)) == [newest]
    assert files(instance) == {newest}
    checks = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(TABLE, "holds"), limit=9
    )
    assert [one.run_id for one in checks] == [newest]


@IN_BOTH
def test_of_jobs_that_run_all_day_a_run_of_each_day_then_week_and_outcome_is_kept(instance: dg.DagsterInstance):
    noon = NOW.replace(hour=12, minute=0)
    at = [noon - timedelta(days=days, minutes=minutes) for days in (4, 3) for minutes in (10, 5, 0)]
    refreshes = [run(instance, job="refresh", at=one) for one in at]
    failures = [run(instance, job="refresh", at=one, is_failing=True) for one in at[:2]]
    walks = [run(instance, job="directory", at=one) for one in at[:2]]
    by_hand = [run(instance, at=one) for one in at[:2]]
    newest = run(instance, job="refresh")
    # The newest materialization is of the last run that was started, whatever its time.
    kept = {refreshes[2], refreshes[5], failures[1], walks[1], *by_hand, newest}
    assert set(left(instance, after=timedelta(0))) == kept
    if instance.event_log_storage.is_run_sharded:
        assert files(instance) == kept
    monday = noon - timedelta(days=noon.weekday() + 28)
    weekly = [run(instance, job="refresh", at=monday + timedelta(days=days)) for days in (0, 6, 7, 8)]
    assert set(left(instance, after=timedelta(0))) == kept | {weekly[1], weekly[3]}
    assert set(left(instance, after=timedelta(days=1000))) == {weekly[3]}


def test_runs_of_the_last_hours_are_all_kept(instance: dg.DagsterInstance):
    runs = [run(instance, job="refresh", at=NOW - timedelta(hours=hours)) for hours in (5, 2, 1)]
    assert left(instance, after=timedelta(0)) == runs


def test_the_newest_materializations_and_check_results_are_kept(instance: dg.DagsterInstance):
    checked, materialized = run(instance), run(instance, is_quiet=True)
    assert left(instance, after=timedelta(days=1000)) == [checked, materialized]
    [asset] = instance.get_asset_records([TABLE])
    assert asset.asset_entry.last_materialization_record
    assert asset.asset_entry.last_materialization_record.run_id == materialized


def test_a_quiet_run_leaves_the_last_result_of_a_check(instance: dg.DagsterInstance):
    checked = run(instance)
    run(instance, is_quiet=True)
    key = dg.AssetCheckKey(TABLE, "holds")
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert latest.run_id == checked
    assert latest.status.value == "SUCCEEDED"


@IN_BOTH
def test_logged_seals_survive_the_deletion_of_their_run(instance: dg.DagsterInstance):
    sealed = run(instance, is_sealing=True)
    run(instance, is_quiet=True)
    newest = run(instance)
    assert left(instance, after=timedelta(days=1000)) == [newest]
    seals = instance.fetch_materializations(SEALS, limit=9).records
    assert {one.run_id for one in seals} == {sealed, newest}
    assert {one.run_id for one in instance.fetch_materializations(TABLE, limit=9).records} == {newest}


def size_at_rest(path: Path) -> int:
    """The size that the file has when no process has it open."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return path.stat().st_size


def test_the_storage_stops_growing(instance: dg.DagsterInstance):
    sizes = []
    for _ in range(8):
        run(instance, job="refresh", is_quiet=True)
        purge_history(instance, 90, NOW + timedelta(days=3))
        sizes.append(sum(map(size_at_rest, Path(instance.root_directory).rglob("*.db"))))
    assert sizes[-1] <= sizes[2] * 1.15, sizes


def test_a_locked_storage_is_left_for_the_next_refresh(instance: dg.DagsterInstance):
    run(instance)
    run(instance)
    path = Path(instance.root_directory, "history", "runs", "index.db")
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert purge_history(instance, 90, NOW + timedelta(days=300)) == 0


def test_the_setting():
    assert Settings.read({}).run_history_days == 90
    assert Settings.read({"RUN_HISTORY_DAYS": "30"}).run_history_days == 30
    with pytest.raises(ConfigurationError, match="RUN_HISTORY_DAYS"):
        Settings.read({"RUN_HISTORY_DAYS": "0"})
