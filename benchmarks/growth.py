"""What a history costs: its first dbt build, what new activities on top of it cost, and typical queries."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.children import ROOT, Cost, run
from benchmarks.local_feed import serving
from benchmarks.parts import PYTHON, Costs, remove, task, tell
from benchmarks.tasks import HEADERS
from orchestration.api.client import PATH

NEW = 5000


@dataclass(slots=True)
class Growth:
    """By size of the history, written out (`1,000,000`): bytes of the file with `raw` alone and with all tables;
    what the steps cost, each by name; the seconds of each typical query.
    """

    raw_bytes: dict[str, int] = field(default_factory=dict)
    file_bytes: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Costs] = field(default_factory=dict)
    queries: dict[str, dict[str, float]] = field(default_factory=dict)

    def note(self, step: str, size: str, cost: Cost) -> None:
        """Keep what a step cost."""
        self.steps.setdefault(step, {}).setdefault(size, []).append(cost)
        tell(f"{step} on {size}", cost)


def growth(work: Path, activities: int, rounds: int, sizes: list[int], dbt: bool) -> Growth:
    """(b, c) `NEW` activities on top of histories of several sizes: the refresh, and the dbt build after it."""
    found = Growth()
    origin = work / "origin.duckdb"
    bases = {size: work / f"base-{size}.duckdb" for size in sizes}
    with serving(activities) as url:
        cut = _time_of_newest(url, NEW)
        task("land", url, origin, str(time.time() - cut.timestamp()))
        for size, base in bases.items():
            task("resize", origin, base, str(max(activities // size, 1)), str(max(size // activities, 1)))
            if dbt:
                _build_first(found, f"{size:,}", base)
        for number in range(rounds):
            for size, base in bases.items():
                # The last round may use the history up: a copy of a hundred million rows is forty gigabytes.
                path = base if number == rounds - 1 else work / "grown.duckdb"
                if path != base:
                    remove(path)
                    shutil.copyfile(base, path)
                found.note("refresh", f"{size:,}", task("land", url, path))
                if dbt:
                    found.note("dbt build", f"{size:,}", build(path))
    for path in (origin, work / "grown.duckdb", *bases.values()):
        remove(path)
    return found


def _build_first(found: Growth, size: str, base: Path) -> None:
    found.raw_bytes[size] = base.stat().st_size
    found.note("first dbt build", size, build(base))
    found.file_bytes[size] = base.stat().st_size
    found.queries[size] = task("query", base).said["queries"]


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
    # Without the note of it, the next build would test all of history.
    task("note", path)
    results = json.loads((target / "run_results.json").read_text())["results"]
    cost.said["models"] = {
        one["unique_id"].split(".")[-1]: one["execution_time"]
        for one in results
        if one["unique_id"].startswith("model.")
    }
    return cost


def _time_of_newest(url: str, count: int) -> datetime:
    """When the `count`-th newest activity happened."""
    request = urllib.request.Request(f"{url}{PATH}?limit={count}", headers=HEADERS)
    with urllib.request.urlopen(request) as response:
        record = json.load(response)["data"][-1]
    return datetime.fromisoformat(record["created_at"]).astimezone(UTC)
