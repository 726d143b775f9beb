"""Measures how large Dagster's storage gets in a year of refreshes with the usual purges.

`python -m benchmarks.run_history DAGSTER_HOME [DAYS]` works on a copy of the home. It copies the newest refresh
for every 5 minutes of the year, once a day as one that sealed a day, and the newest reading of the directory, if
there is one, for every hour.
"""

import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg

from orchestration.run_history import EVIDENCE_TAG, purge_history

TICKS_A_DAY = 288
# Of how many ticks one runs the job.
TICKS = {"refresh": 1, "directory": 12}
SHOWN_DAYS = (1, 2, 3, 30, 60, 90, 91, 92, 120, 180, 270, 365)


def main() -> int:
    """Print size and seconds per purge for each of the shown days."""
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    with tempfile.TemporaryDirectory() as scratch:
        home = shutil.copytree(sys.argv[1], Path(scratch, "home"))
        with dg.DagsterInstance.from_config(str(home)) as instance:
            templates = {job: _newest(instance, job) for job in TICKS}
            began, spent, peak = datetime.now(UTC), 0.0, 0
            for tick in range(days * TICKS_A_DAY):
                now = began + timedelta(minutes=5) * tick
                is_sealing = tick % TICKS_A_DAY == 0
                for job, every in TICKS.items():
                    if (template := templates[job]) and tick % every == 0:
                        is_evidence = is_sealing and job == "refresh"
                        run_id = _copy_run(home / "history", template, now, is_sealing=is_evidence)
                        # The newest copy, since an older one is deleted some day.
                        templates[job] = template if is_evidence else run_id
                started = time.perf_counter()
                purge_history(instance, 90, now)
                spent += time.perf_counter() - started
                day, is_end = divmod(tick + 1, TICKS_A_DAY)
                if is_end == 0:
                    size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
                    peak = max(peak, size)
                    if day in SHOWN_DAYS:
                        print(f"day {day}: {size / 1e6:.0f} MB, {spent / (tick + 1):.3f} s a purge", flush=True)
    print(f"largest: {peak / 1e6:.0f} MB")
    return 0


def _newest(instance: dg.DagsterInstance, job: str) -> str | None:
    succeeded = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS])
    return next((one.run_id for one in instance.get_runs(succeeded, limit=1)), None)


def _copy_run(history: Path, template: str, now: datetime, *, is_sealing: bool) -> str:
    run_id, then = str(uuid4()), now.strftime("%Y-%m-%d %H:%M:%S.%f")
    shutil.copyfile(history / "runs" / f"{template}.db", history / "runs" / f"{run_id}.db")
    with closing(sqlite3.connect(history / "runs" / "index.db")) as index, index:
        for table in ("event_logs", "asset_check_executions"):
            _copy_rows(index, table, template, {"run_id": run_id})
        index.execute(
            "insert into asset_event_tags (event_id, asset_key, key, value, event_timestamp) "
            "select id, asset_key, 'dagster/data_version', hex(randomblob(32)), timestamp from event_logs "
            "where run_id = ? and dagster_event_type = 'ASSET_MATERIALIZATION'",
            [run_id],
        )
        if is_sealing:
            index.execute(
                "update event_logs set event = replace(event, '\"tags\": {', ?) where run_id = ? "
                "and asset_key = ? and dagster_event_type = 'ASSET_MATERIALIZATION'",
                [f'"tags": {{"{EVIDENCE_TAG}": "true", ', run_id, '["raw", "day_seals"]'],
            )
    with closing(sqlite3.connect(history / "runs.db")) as runs, runs:
        _copy_rows(runs, "runs", template, {"run_id": run_id, "create_timestamp": then, "update_timestamp": then})
        runs.execute(
            "update runs set run_body = replace(run_body, ?, ?) where run_id = ?", [template, run_id, run_id]
        )
        _copy_rows(runs, "run_tags", template, {"run_id": run_id})
    return run_id


def _copy_rows(connection: sqlite3.Connection, table: str, template: str, changes: dict[str, str]) -> None:
    names = [name for _, name, *_ in connection.execute(f"pragma table_info({table})") if name != "id"]
    values = ", ".join("?" if name in changes else f'"{name}"' for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        f"insert into {table} ({columns}) select {values} from {table} where run_id = ?",
        [*(changes[name] for name in names if name in changes), template],
    )


if __name__ == "__main__":
    sys.exit(main())
