"""What is measured: landing from nothing, new activities on top of a history, a slow feed."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.children import ROOT, Cost, run
from benchmarks.local_feed import serving
from benchmarks.tasks import HEADERS
from orchestration.feed.client import PATH
from orchestration.warehouse.builds import newest_ingest_seq, project_sha256, record_build
from orchestration.warehouse.connection import open_warehouse

PYTHON = Path(sys.executable)
DLT = (ROOT / ".venv-bench/bin/python", ROOT / "benchmarks/with_dlt.py")
NEW = 5000
LATENCY_MILLISECONDS = 300
BUDGET_PER_MINUTE = 600

Contestants = dict[str, Callable[[], Cost]]
Costs = dict[str, list[Cost]]


def task(*words: str | Path) -> Cost:
    """One of `benchmarks.tasks` in a process of its own."""
    return run([PYTHON, "-m", "benchmarks.tasks", *words])


def interleaved(contestants: Contestants, rounds: int, once: frozenset[str] = frozenset()) -> Costs:
    """Every contestant once a round, so that all meet the same machine; those in `once` in the first alone."""
    costs: Costs = {name: [] for name in contestants}
    for number in range(rounds):
        for name, go in contestants.items():
            if number == 0 or name not in once:
                costs[name].append(go())
                _tell(name, costs[name][-1])
    return costs


def _tell(name: str, cost: Cost) -> None:
    print(f"  {name}: {cost.seconds:.2f} s, {cost.cpu_seconds:.2f} CPU s", flush=True)


def middle(costs: list[Cost], name: str) -> float:
    """The median of one figure."""
    return median(getattr(cost, name) for cost in costs)


def landing(work: Path, activities: int, rounds: int) -> tuple[Costs, int]:
    """(a) Everything from nothing; also how many bytes of records the feed gave."""
    with serving(activities) as url:
        records, path = work / "records.ndjson", work / "landed.duckdb"
        size = task("save", url, records).said["bytes"]

        def fresh(*words: str | Path) -> Callable[[], Cost]:
            def go() -> Cost:
                _remove(path)
                return run([*words, path])

            return go

        ours = (PYTHON, "-m", "benchmarks.tasks")
        contestants: Contestants = {
            "this product": fresh(*ours, "land", url),
            "pages downloaded and thrown away": lambda: task("download", url),
            "DuckDB `read_json`, local file": fresh(*ours, "read_json", records),
            "dlt, Arrow resource": fresh(*DLT, "arrow", url),
            "dlt, rest_api source": fresh(*DLT, "rest_api", url),
        }
        costs = interleaved(contestants, rounds, frozenset({"dlt, Arrow resource", "dlt, rest_api source"}))
        _remove(path)
        records.unlink()
    return costs, size


def growth(work: Path, activities: int, rounds: int, sizes: list[int], dbt: bool) -> dict[str, Costs]:
    """(b, c) `NEW` activities on top of histories of several sizes: the refresh, and the dbt build after it."""
    origin = work / "origin.duckdb"
    bases = {size: work / f"base-{size}.duckdb" for size in sizes}
    with serving(activities) as url:
        cut = _time_of_newest(url, NEW)
        task("land", url, origin, str(time.time() - cut.timestamp()))
        for size, base in bases.items():
            task("resize", origin, base, str(max(activities // size, 1)), str(max(size // activities, 1)))
            if dbt:
                build(base)
        steps: dict[str, Costs] = {"refresh": {}, "dbt build": {}}
        for _ in range(rounds):
            for size, base in bases.items():
                path = work / "grown.duckdb"
                _remove(path)
                shutil.copyfile(base, path)
                name = f"{size:,}"
                steps["refresh"].setdefault(name, []).append(task("land", url, path))
                _tell(f"refresh on {name}", steps["refresh"][name][-1])
                if dbt:
                    steps["dbt build"].setdefault(name, []).append(build(path))
                    _tell(f"dbt build on {name}", steps["dbt build"][name][-1])
        for path in (origin, work / "grown.duckdb", *bases.values()):
            _remove(path)
    return steps


def build(path: Path) -> Cost:
    """One dbt build of a project that is parsed before, as in a refresh; `said` has the seconds of each model."""
    # dbt parses anew where the path of the database is another than before.
    target = path.with_suffix(".dbt")
    dbt, places = [PYTHON.parent / "dbt", "--quiet"], ["--project-dir", ROOT / "dbt_project"]
    words = [*dbt, "build", *places, "--exclude-resource-type", "unit_test"]
    script = "import subprocess,sys,time,json;b=time.monotonic();subprocess.run(sys.argv[1:],check=True);"
    script += "print(json.dumps({'seconds':time.monotonic()-b}))"
    environment = {"WAREHOUSE_PATH": str(path), "DBT_TARGET_PATH": str(target)}
    environment["DBT_PROFILES_DIR"] = str(ROOT / "dbt_project")
    if not target.exists():
        run([PYTHON, "-c", script, *dbt, "parse", *places], environment)
    cost = run([PYTHON, "-c", script, *words], environment)
    with open_warehouse(path) as connection:
        # Without the note of it, the next build would test all of history.
        record_build(connection, project_sha256(ROOT / "dbt_project"), newest_ingest_seq(connection))
    results = json.loads((target / "run_results.json").read_text())["results"]
    cost.said["models"] = {
        one["unique_id"].split(".")[-1]: one["execution_time"]
        for one in results
        if one["unique_id"].startswith("model.")
    }
    return cost


def slow_feed(work: Path, days: int) -> dict[str, Cost]:
    """(d) A backfill where every answer takes 300 ms: one walk, and four side by side."""
    costs = {}
    with serving(20_000, LATENCY_MILLISECONDS) as url:
        for walks in (1, 4):
            path = work / "slow.duckdb"
            _remove(path)
            costs[f"{walks} walk(s)"] = task("land", url, path, "0", str(days), str(walks), str(BUDGET_PER_MINUTE))
        _remove(path)
    return costs


def _time_of_newest(url: str, count: int) -> datetime:
    """When the `count`-th newest activity happened."""
    request = urllib.request.Request(f"{url}{PATH}?limit={count}", headers=HEADERS)
    with urllib.request.urlopen(request) as response:
        record = json.load(response)["data"][-1]
    return datetime.fromisoformat(record["created_at"]).astimezone(UTC)


def _remove(path: Path) -> None:
    for one in path.parent.glob(path.name + "*"):
        one.unlink()
