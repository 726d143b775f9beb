"""The health of the installation, for `make status`, monitors and Prometheus.

It never opens the warehouse, which only one process can do. It reads Dagster's storage, the published edition and
the disks, so it answers while a run writes.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration import __version__
from orchestration.config.settings import ROOT, Settings
from orchestration.intervals import rfc3339
from orchestration.monitoring.disk import free_bytes, low_disks
from orchestration.monitoring.ledger_checks import EXPECTED_RUN_WITHIN
from orchestration.publish.duckdb_file import FILE_NAME, read_edition_facts
from orchestration.run_states import newest_results, newest_success, run_conditions, unfinished_runs

_ACTIVITIES = dg.AssetKey(["raw", "activities"])
_ALERTS = dg.AssetKey(["delivered", "alerts"])
_NO_GAPS = dg.AssetCheckKey(dg.AssetKey(["raw", "extracts"]), "no_gaps")


@dataclass(frozen=True, slots=True)
class Status:
    """Times are aware; None means not known yet. `problems`: one sentence each, empty if all is well.

    From Dagster's storage: `last_success_at` (a refresh or reconciliation), `newest_activity_at` and
    `alerts_waiting_count` (as of the last run), `gap_count`, runs. From the published edition: `published_at`,
    `complete_through`.
    """

    version: str
    checked_at: datetime
    last_success_at: datetime | None
    newest_activity_at: datetime | None
    published_at: datetime | None
    complete_through: datetime | None
    gap_count: int | None
    running_run_count: int
    queued_run_count: int
    stuck_runs: tuple[str, ...]
    failed_jobs: tuple[str, ...]
    alerts_waiting_count: int | None
    free_bytes: Mapping[str, int]
    problems: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """All of it, with times as text."""
        values = {
            name: rfc3339(value) if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }
        return {"is_healthy": not self.problems, **values}

    def describe(self) -> list[str]:
        """Lines for people."""
        disks = ", ".join(f"{count / 1e9:,.1f} GB free for {name}" for name, count in self.free_bytes.items())
        runs = f"{self.running_run_count} running, {self.queued_run_count} queued, {len(self.stuck_runs)} stuck"
        rows = {
            "last success": self._time(self.last_success_at),
            "newest activity": self._time(self.newest_activity_at),
            "complete through": self._time(self.complete_through),
            "published": self._time(self.published_at),
            "gaps": _known(self.gap_count),
            "runs": runs,
            "failed jobs": ", ".join(self.failed_jobs) or "none",
            "alerts waiting": _known(self.alerts_waiting_count),
            "disk": disks,
            "version": self.version,
        }
        problems = [f"PROBLEM: {one}" for one in self.problems] or ["No problem is known."]
        return [*(f"{label:<17} {value}" for label, value in rows.items()), *problems]

    def _time(self, moment: datetime | None) -> str:
        if moment is None:
            return "not known"
        minutes = (self.checked_at - moment) / timedelta(minutes=1)
        age = f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
        return f"{rfc3339(moment)}, {age} ago"


def read_status(instance: dg.DagsterInstance, environment: Mapping[str, str], now: datetime) -> Status:
    """The status of the installation that the environment describes.

    Raises:
        ConfigurationError: a setting is invalid.
    """
    settings = Settings.read(environment, "alert_stuck_minutes", "disk_min_free_mb")
    paths = disk_paths(environment)
    conditions = run_conditions(instance, timedelta(minutes=settings.alert_stuck_minutes), now)
    success, edition = newest_success(instance), read_edition_facts(paths["PUBLISHED_PATH"] / FILE_NAME)
    newest, alerts = _metadata(instance, _ACTIVITIES), _metadata(instance, _ALERTS)
    gap_count = _gap_count(instance)
    is_queued = [run.status == dg.DagsterRunStatus.QUEUED for run in unfinished_runs(instance)]
    last_success_at = success[1] if success else None
    problems = [
        *_late(last_success_at, now),
        *(f"{one.title}. {one.text}" for one in conditions),
        *([f"Covered time has {gap_count} gap(s): see the check no_gaps."] if gap_count else []),
        *([f"{count} alert(s) could not be sent: see raw.alerts."] if (count := alerts.get("waiting")) else []),
        *low_disks(paths, settings.disk_min_free_mb),
    ]
    newest_at = newest.get("newest created_at")
    return Status(
        version=__version__, checked_at=now, last_success_at=last_success_at,
        newest_activity_at=datetime.fromtimestamp(newest_at, UTC) if newest_at else None,
        published_at=edition and edition.published_at, complete_through=edition and edition.complete_through,
        gap_count=gap_count, running_run_count=is_queued.count(False), queued_run_count=is_queued.count(True),
        stuck_runs=tuple(one.subject_id for one in conditions if one.kind == "run_stuck"),
        failed_jobs=tuple(one.subject_id for one in conditions if one.kind == "run_failed"),
        alerts_waiting_count=alerts.get("waiting"),
        free_bytes={name: free_bytes(path) for name, path in paths.items()}, problems=tuple(problems),
    )  # fmt: skip


def disk_paths(environment: Mapping[str, str]) -> dict[str, Path]:
    """What is written to on disks of this machine, by the setting that names it."""
    paths = Settings.paths(environment)
    home = environment.get("DAGSTER_HOME") or os.environ.get("DAGSTER_HOME")
    # Places that are written only where they are set.
    stated = Settings.read(
        environment, "archive_path", "siem_path", "spark_warehouse", "spark_published_path", "published_path"
    )
    places = {"ARCHIVE_PATH": stated.archive_path, "SIEM_PATH": stated.siem_path}
    if stated.spark_warehouse:
        places["SPARK_PUBLISHED_PATH"] = str(stated.spark_published_path)
    if environment.get("PUBLISHED_GENERAL_PATH"):
        places["PUBLISHED_GENERAL_PATH"] = str(paths.published_general_path)
    return {
        "WAREHOUSE_PATH": paths.warehouse_path,
        "PUBLISHED_PATH": paths.published_path,
        "DAGSTER_HOME": Path(home) if home else paths.dagster_home,
        **{name: ROOT / place for name, place in places.items() if place and not place.startswith("s3://")},
    }


def _late(last_success_at: datetime | None, now: datetime) -> list[str]:
    if last_success_at is None:
        return ["No refresh has succeeded yet. Run `make refresh`."]
    if now - last_success_at > EXPECTED_RUN_WITHIN:
        return [f"No refresh has succeeded since {rfc3339(last_success_at)}. See that the daemon runs."]
    return []


def _known(count: int | None) -> str:
    return "not known" if count is None else f"{count:,}"


def _metadata(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Any]:
    """The metadata of the newest materialization of an asset."""
    event = instance.get_latest_materialization_event(key)
    materialization = event.asset_materialization if event else None
    return {label: entry.value for label, entry in (materialization.metadata if materialization else {}).items()}


def _gap_count(instance: dg.DagsterInstance) -> int | None:
    """The gaps that the newest result of the check `no_gaps` counted."""
    record = newest_results(instance, [_NO_GAPS]).get(_NO_GAPS)
    event = record.event.dagster_event if record and record.event else None
    if event is None:
        return None
    count = event.asset_check_evaluation_data.metadata.get("gaps")
    return int(count.value) if count else None
