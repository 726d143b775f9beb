"""The benchmarks of landing into an empty warehouse and of a slow feed. `growth` has the others."""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.children import ROOT, Cost, run
from local_feed.child import child_feed

PYTHON = Path(sys.executable)
DLT = (ROOT / ".venv-bench/bin/python", ROOT / "benchmarks/with_dlt.py")
LATENCY_MILLISECONDS = 300
BUDGET_PER_MINUTE = 600

Contestants = dict[str, Callable[[], Cost]]
Costs = dict[str, list[Cost]]


def task(*words: str | Path) -> Cost:
    """Run one of `benchmarks.tasks` as a child process."""
    return run([PYTHON, "-m", "benchmarks.tasks", *words])


def interleaved(contestants: Contestants, rounds: int, once: frozenset[str] = frozenset()) -> Costs:
    """Run every contestant once per round, so that all see the same load; those in `once` only in the first."""
    costs: Costs = {name: [] for name in contestants}
    for number in range(rounds):
        for name, measure in contestants.items():
            if number == 0 or name not in once:
                costs[name].append(measure())
                print_cost(name, costs[name][-1])
    return costs


def print_cost(name: str, cost: Cost) -> None:
    """Print one line of progress."""
    print(f"  {name}: {cost.seconds:.2f} s, {cost.cpu_seconds:.2f} CPU s", flush=True)


def median_of(costs: list[Cost], figure: str) -> float:
    """The median of one figure of `Cost`."""
    return median(getattr(cost, figure) for cost in costs)


def landing(work: Path, activities: int, rounds: int) -> tuple[Costs, int]:
    """(a) Landing all activities into an empty warehouse. Also returns the bytes of all records."""
    with child_feed(activities, "--no-own-reads") as url:
        records, path = work / "records.ndjson", work / "landed.duckdb"
        size = task("save", url, records).output["bytes"]

        def into_new_file(*words: str | Path) -> Callable[[], Cost]:
            def measure() -> Cost:
                remove(path)
                return run([*words, path])

            return measure

        tasks = (PYTHON, "-m", "benchmarks.tasks")
        contestants: Contestants = {
            "this product": into_new_file(*tasks, "land", url),
            "pages downloaded and thrown away": lambda: task("download", url),
            "DuckDB `read_json`, local file": into_new_file(*tasks, "read_json", records),
            "DuckDB, envelopes and records from a local file": into_new_file(*tasks, "read_envelopes", records),
        }
        dlt: Contestants = {
            f"dlt, {name}, {disposition}": into_new_file(*DLT, how, disposition, url)
            for how, name in (("arrow", "Arrow resource"), ("rest_api", "rest_api source"))
            for disposition in ("merge", "append")
        }
        costs = interleaved(contestants | dlt, rounds, once=frozenset(dlt))
        remove(path)
        records.unlink()
    return costs, size


def slow_feed(work: Path, days: int) -> dict[str, Cost]:
    """(d) A backfill with 300 ms per response: four parallel extracts, and one that reads a quarter of it."""
    costs = {}
    with child_feed(20_000, "--no-own-reads", "--latency", str(LATENCY_MILLISECONDS)) as url:
        for extracts in (1, 4):
            reach = str(days * extracts // 4)
            path = work / "slow.duckdb"
            remove(path)
            costs[f"{extracts} extract(s)"] = task(
                "land", url, path, "0", reach, str(extracts), str(BUDGET_PER_MINUTE)
            )
        remove(path)
    return costs


def remove(path: Path) -> None:
    """Delete a database and the files next to it."""
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
