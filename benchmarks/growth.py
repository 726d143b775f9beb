"""Costs by size of the history: the first dbt build, new activities on top of it, typical queries."""

import json
import shutil
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.children import ROOT, Cost, run
from benchmarks.parts import PYTHON, Costs, print_cost, remove, task
from benchmarks.tasks import HEADERS
from local_feed.child import child_feed
from orchestration.api.feed import FEED
from orchestration.assets.dbt_run import TESTS_OF_THE_CODE, UNCHANGED_WITH_THE_CODE

NEW = 5000


@dataclass(slots=True)
class Growth:
    """Results by size of the history, as text (`1,000,000`).

    `raw_bytes`, `file_bytes`: size of the file with only `raw`, and with all tables. `steps`: costs by step.
    `queries`: seconds by query.
    """

    raw_bytes: dict[str, int] = field(default_factory=dict)
    file_bytes: dict[str, int] = field(default_factory=dict)
    steps: dict[str, Costs] = field(default_factory=dict)
    queries: dict[str, dict[str, float]] = field(default_factory=dict)

    def note(self, step: str, size: str, cost: Cost) -> None:
        """Add and print the cost of a step."""
        self.steps.setdefault(step, {}).setdefault(size, []).append(cost)
        print_cost(f"{step} on {size}", cost)


def growth(work: Path, activities: int, rounds: int, sizes: list[int], dbt: bool) -> Growth:
    """(b, c) `NEW` activities on top of histories of several sizes: reading them, building, publishing."""
    results = Growth()
    origin = work / "origin.duckdb"
    bases = {size: work / f"base-{size}.duckdb" for size in sizes}
    with child_feed(activities, "--no-own-reads") as url:
        cut = _time_of_newest(url, NEW)
        task("land", url, origin, str(time.time() - cut.timestamp()))
        for size, base in bases.items():
            task("resize", origin, base, str(max(activities // size, 1)), str(max(size // activities, 1)))
            if dbt:
                _build_first(results, f"{size:,}", base)
        for number in range(rounds):
            for size, base in bases.items():
                # The last round may modify the base: a copy of a hundred million rows is forty gigabytes.
                path = base if number == rounds - 1 else work / "grown.duckdb"
                if path != base:
                    remove(path)
                    shutil.copyfile(base, path)
                results.note("reading", f"{size:,}", task("land", url, path))
                if dbt:
                    results.note("dbt build", f"{size:,}", build(path, *UNCHANGED_WITH_THE_CODE))
                if dbt and path == base:
                    results.note("publication", f"{size:,}", task("publish", path))
    for path in (origin, work / "grown.duckdb", *bases.values()):
        remove(path)
    return results


def _build_first(results: Growth, size: str, base: Path) -> None:
    results.raw_bytes[size] = base.stat().st_size
    results.note("first dbt build", size, build(base))
    results.note("first publication", size, task("publish", base))
    results.file_bytes[size] = base.stat().st_size
    results.queries[size] = task("query", base).output["queries"]


def build(path: Path, *left_out: str) -> Cost:
    """One dbt build of a project that is parsed already, as in a refresh. `output["models"]`: seconds by model.

    `left_out`: dbt selectors of what is not built.
    """
    # dbt parses the project again if the path of the database has changed.
    target = path.with_suffix(".dbt")
    dbt, places = [PYTHON.parent / "dbt", "--quiet"], ["--project-dir", ROOT / "dbt_project"]
    words = [*dbt, "build", *places, "--exclude-resource-type", "unit_test", "--exclude", TESTS_OF_THE_CODE]
    words += [*left_out, "--indirect-selection", "empty"] if left_out else []
    script = "import subprocess,sys,time,json;b=time.monotonic();subprocess.run(sys.argv[1:],check=True);"
    script += "print(json.dumps({'seconds':time.monotonic()-b}))"
    environment = {"WAREHOUSE_PATH": str(path), "DBT_TARGET_PATH": str(target)}
    environment["DBT_PROFILES_DIR"] = str(ROOT / "dbt_project")
    if not target.exists():
        run([PYTHON, "-c", script, *dbt, "parse", *places], environment)
    cost = run([PYTHON, "-c", script, *words], environment)
    # Without the record of this build, the next one would test all of history.
    task("note", path)
    nodes = json.loads((target / "run_results.json").read_text())["results"]
    cost.output["models"] = {
        node["unique_id"].split(".")[-1]: node["execution_time"]
        for node in nodes
        if node["unique_id"].startswith("model.")
    }
    return cost


def _time_of_newest(url: str, count: int) -> datetime:
    """The time of the `count`-th newest activity."""
    request = urllib.request.Request(f"{url}{FEED.path}?limit={count}", headers=HEADERS)
    with urllib.request.urlopen(request) as response:
        record = json.load(response)["data"][-1]
    return datetime.fromisoformat(record["created_at"]).astimezone(UTC)
