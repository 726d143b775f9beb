"""What is measured: landing from nothing, and a slow feed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.children import ROOT, Cost, run
from benchmarks.local_feed import serving

PYTHON = Path(sys.executable)
DLT = (ROOT / ".venv-bench/bin/python", ROOT / "benchmarks/with_dlt.py")
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
                tell(name, costs[name][-1])
    return costs


def tell(name: str, cost: Cost) -> None:
    """One line while it goes on."""
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
                remove(path)
                return run([*words, path])

            return go

        ours = (PYTHON, "-m", "benchmarks.tasks")
        contestants: Contestants = {
            "this product": fresh(*ours, "land", url),
            "pages downloaded and thrown away": lambda: task("download", url),
            "DuckDB `read_json`, local file": fresh(*ours, "read_json", records),
            "DuckDB, envelopes and records from a local file": fresh(*ours, "read_envelopes", records),
        }
        dlt: Contestants = {
            f"dlt, {name}, {disposition}": fresh(*DLT, how, disposition, url)
            for how, name in (("arrow", "Arrow resource"), ("rest_api", "rest_api source"))
            for disposition in ("merge", "append")
        }
        costs = interleaved(contestants | dlt, rounds, once=frozenset(dlt))
        remove(path)
        records.unlink()
    return costs, size


def slow_feed(work: Path, days: int) -> dict[str, Cost]:
    """(d) A backfill where every answer takes 300 ms: four extracts side by side, and one on a quarter of it."""
    costs = {}
    with serving(20_000, LATENCY_MILLISECONDS) as url:
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
    """Delete a database and what lies beside it."""
    for one in path.parent.glob(path.name + "*"):
        one.unlink()
