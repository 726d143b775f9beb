"""The status: from Dagster's storage, the published edition and the disks, while another holds the warehouse."""

import asyncio
import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from local_feed.options import COMPLIANCE_KEY
from orchestration.config.values import ConfigurationError
from orchestration.definitions import build_defs
from orchestration.metrics import render_metrics, write_metrics
from orchestration.resources import Warehouse
from orchestration.run import QUIET
from orchestration.status import read_status
from orchestration.ui import status_pages
from tests.rows import held

PUBLISHED_AT, COMPLETE_THROUGH = datetime(2026, 11, 30, 9, tzinfo=UTC), datetime(2026, 11, 30, 8, 59, tzinfo=UTC)
NEWEST = datetime(2026, 11, 30, 8, 58, tzinfo=UTC)
# Settings of places that are written, and of those that are only where they are set.
DISKS = ("WAREHOUSE_PATH", "PUBLISHED_PATH", "DAGSTER_HOME")
PLACES = ("ARCHIVE_PATH", "SIEM_PATH", "PUBLISHED_GENERAL_PATH")


@dg.asset(key=["raw", "activities"])
def activities(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    if context.run.tags.get("fails"):
        raise dg.Failure("no")
    return dg.MaterializeResult(metadata={"newest created_at": dg.MetadataValue.timestamp(NEWEST)})


@dg.asset(key=["delivered", "alerts"])
def alerts() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"waiting": 3})


@dg.asset_check(asset=["raw", "extracts"], name="no_gaps")
def no_gaps() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, metadata={"gaps": 2})


@pytest.fixture
def instance(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("PUBLISHED_PATH", str(tmp_path / "published"))
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield instance


def refresh(instance: dg.DagsterInstance, *, fails: bool = False) -> None:
    job = dg.Definitions(
        assets=[activities, alerts],
        asset_checks=[no_gaps],
        jobs=[dg.define_asset_job("refresh", dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks())],
        executor=dg.in_process_executor,
    ).resolve_job_def("refresh")
    job.execute_in_process(instance=instance, tags={"fails": "true"} if fails else {}, raise_on_error=False)


def publish(directory: Path) -> None:
    directory.mkdir()
    with duckdb.connect(str(directory / "compliance.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts._published as select timestamp '2026-11-30 09:00' as published_at, 'a' as source, "
            "timestamp '2026-11-30 08:59' as complete_through union all by name "
            "select timestamp '2026-11-30 09:00' as published_at, 'b' as source, "
            "timestamp '2026-11-30 09:00' as complete_through"
        )


def test_a_new_installation_says_that_nothing_ran(instance: dg.DagsterInstance):
    status = read_status(instance, {}, datetime.now(UTC))
    assert status.problems == ("No refresh has succeeded yet. Run `make refresh`.",)
    assert status.json()["is_healthy"] is False
    assert any("not known" in line for line in status.describe())
    assert b"last_success" not in render_metrics(status)


def test_the_status_is_read_while_another_holds_the_warehouse(
    instance: dg.DagsterInstance, path: Path, tmp_path: Path
):
    refresh(instance)
    publish(tmp_path / "published")
    now = datetime.now(UTC)
    with held(path):
        status = read_status(instance, os.environ, now)
    assert status.last_success_at
    assert now - status.last_success_at < timedelta(minutes=5)
    assert (status.newest_activity_at, status.published_at) == (NEWEST, PUBLISHED_AT)
    assert status.complete_through == COMPLETE_THROUGH
    assert (status.gap_count, status.alerts_waiting_count) == (2, 3)
    assert [problem.split(":")[0] for problem in status.problems] == [
        "Covered time has 2 gap(s)",
        "3 alert(s) could not be sent",
    ]
    assert set(status.free_bytes) == {*DISKS}
    assert json.loads(json.dumps(status.json()))["complete_through"] == "2026-11-30T08:59:00Z"
    refresh(instance, fails=True)
    failed = read_status(instance, os.environ, now)
    assert failed.failed_jobs == ("refresh",)
    assert failed.last_success_at == status.last_success_at
    late = read_status(instance, os.environ, now + timedelta(hours=3))
    assert any("No refresh has succeeded since" in problem for problem in late.problems)


def get(instance: dg.DagsterInstance, path: str, **headers: str) -> httpx.Response:
    app = httpx.ASGITransport(Starlette(routes=status_pages(instance)))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_the_health_page_says_what_the_command_says_and_its_status_whether_there_is_a_problem(
    instance: dg.DagsterInstance,
):
    new = get(instance, "/health")
    assert new.status_code == 503
    assert "PROBLEM: No refresh has succeeded yet." in new.text
    refresh(instance)
    assert get(instance, "/health", accept="application/json").json()["gap_count"] == 2


def test_metrics_are_a_page_and_a_file_that_others_may_read(instance: dg.DagsterInstance, tmp_path: Path):
    refresh(instance)
    status = read_status(instance, {}, datetime.now(UTC))
    file = tmp_path / "warehouse.prom"
    write_metrics(status, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    for text in (file.read_text(), get(instance, "/metrics").text):
        values = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert values["compliance_warehouse_newest_activity_timestamp_seconds",] == NEWEST.timestamp()
        assert values["compliance_warehouse_gaps",] == 2
        assert values["compliance_warehouse_runs", "queued"] == 0
        assert values["compliance_warehouse_disk_free_bytes", "WAREHOUSE_PATH"] > 0
    with pytest.raises(ConfigurationError, match=r"METRICS_PATH is .* cannot be written"):
        write_metrics(status, tmp_path / "missing" / "warehouse.prom")
    other = tmp_path / "warehouse.duckdb"
    other.write_bytes(b"a warehouse")
    write_metrics(status, file)
    with pytest.raises(ConfigurationError, match="holds something other than metrics"):
        write_metrics(status, other)
    assert other.read_bytes() == b"a warehouse"


def test_no_job_writes_to_a_disk_with_too_little_room(
    instance: dg.DagsterInstance, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each place that a run writes is named, also those that have a disk of their own."""
    path.unlink()
    for name in PLACES:
        monkeypatch.setenv(name, str(path.parent / name))
    monkeypatch.setenv("DISK_MIN_FREE_MB", "1000000000")
    monkeypatch.setenv("FEED_SOURCES", "")
    monkeypatch.setenv("ANTHROPIC_COMPLIANCE_ACCESS_KEY", COMPLIANCE_KEY)
    defs = build_defs(warehouse=Warehouse(database=str(path)))
    jobs = {job.name: job for job in defs.resolve_all_job_defs()}
    # One changes nothing, and two make room; of the last two, others have the steps.
    for name in sorted(jobs.keys() - {"verify", "erase", "retain", "reconcile", "__ASSET_JOB"}):
        job = jobs[name]
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={**(job.run_config or {}), **QUIET}
        )
        failed = result.filter_events(lambda event: event.is_step_failure)
        sentences = {event.step_failure_data.user_failure_data.description for event in failed}
        assert all(one.endswith("Nothing was written: make room there, then run again.") for one in sentences)
        assert {tuple(re.findall(r"([A-Z_]+) \(", one)) for one in sentences} == {(*DISKS, *PLACES)}, name
    assert not any((path.parent / name).exists() for name in (path.name, "published", *PLACES))
