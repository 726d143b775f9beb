"""Renders the measurements as `RESULTS.md`."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median

from benchmarks.children import Cost
from benchmarks.growth import NEW, Growth
from benchmarks.parts import BUDGET_PER_MINUTE, LATENCY_MILLISECONDS, Costs, median_of

_PACKAGES = ("duckdb", "pyarrow", "httpx", "msgspec", "dbt-core", "dbt-duckdb")
_MODELS_SHOWN = 10


def introduction(arguments: str) -> str:
    """The machine, the versions, the date and the load."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    load = os.getloadavg()[2]
    return (
        "# Results\n\n"
        f"Written by `make bench{arguments}` on {datetime.now(UTC):%Y-%m-%d}. {_processor()}, {os.cpu_count()} "
        f"cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB, {platform.system()} "
        f"{platform.release()}; Python {platform.python_version()}, {packages}. Load of the machine over the last "
        f"15 minutes: {load:.1f}.\n\n"
        "Seconds are wall time of the work itself, CPU seconds and peak memory those of its whole process. "
        "Figures are medians of interleaved runs. With a load above 1 something else was running: ratios and CPU "
        "seconds say more than seconds then.\n"
    )


def landing(costs: Costs, size: int) -> str:
    """Section (a): landing into an empty warehouse."""
    product_seconds = median_of(costs["this product"], "seconds")
    activities = costs["this product"][0].output["activities"]
    rows = []
    for name, runs in costs.items():
        seconds = median_of(runs, "seconds")
        file_bytes = runs[0].output.get("file_bytes")
        rows.append(
            [
                name,
                f"{seconds:.1f}",
                f"{activities / seconds:,.0f}",
                f"{seconds / product_seconds:.2f}",
                f"{median_of(runs, 'cpu_seconds'):.1f}",
                f"{median_of(runs, 'peak_megabytes'):.0f}",
                f"{file_bytes / size:.2f}" if file_bytes else "",
                str(len(runs)),
            ]
        )
    head = "| | seconds | activities/s | time, ours = 1 | CPU s | peak MB | bytes stored per byte | runs |"
    return f"## {activities:,} activities from nothing, {size / 1e6:,.0f} MB\n\n" + _table(head, rows)


def growth(results: Growth) -> str:
    """Sections (b) and (c): costs by size of the history."""
    rows = []
    for step, costs in results.steps.items():
        first = next(iter(costs), None)
        for name, runs in costs.items():
            rows.append(
                [
                    step,
                    name,
                    *(
                        text
                        for figure in ("seconds", "cpu_seconds")
                        for text in (
                            f"{median_of(runs, figure):.2f}",
                            f"{median_of(runs, figure) / median_of(costs[first], figure):.2f}",
                        )
                    ),
                    f"{median_of(runs, 'peak_megabytes'):.0f}",
                    str(len(runs)),
                ]
            )
    head = "| step | history | seconds | ratio | CPU s | ratio | peak MB | runs |"
    text = f"## {NEW:,} new activities on top of a history\n\n" + _table(head, rows)
    if not results.raw_bytes:
        return text
    return text + _models(results.steps["dbt build"]) + _sizes(results) + _queries(results)


def _sizes(results: Growth) -> str:
    rows = [
        [size, *(f"{one / 1e6:,.0f}" for one in (results.raw_bytes[size], results.file_bytes[size]))]
        for size in results.raw_bytes
    ]
    return "\nMegabytes of the file:\n\n" + _table("| history | `raw` alone | with all tables |", rows)


def _queries(results: Growth) -> str:
    names = next(iter(results.queries.values()))
    rows = [[name, *(f"{seconds[name] * 1000:.0f}" for seconds in results.queries.values())] for name in names]
    return "\nMilliseconds of typical queries:\n\n" + _table(f"| query | {' | '.join(results.queries)} |", rows)


def _models(costs: Costs) -> str:
    sizes = list(costs)
    seconds = {
        name: [median(run.output["models"][name] for run in runs) for runs in costs.values()]
        for name in costs[sizes[-1]][0].output["models"]
    }
    slowest = sorted(seconds, key=lambda name: seconds[name][-1], reverse=True)[:_MODELS_SHOWN]
    rows = [[f"`{name}`", *(f"{one:.2f}" for one in seconds[name])] for name in slowest]
    return "\nSeconds of the models that take longest:\n\n" + _table(f"| model | {' | '.join(sizes)} |", rows)


def slow_feed(costs: dict[str, Cost]) -> str:
    """Section (d): a slow feed."""
    rows = []
    for name, cost in costs.items():
        allowed = cost.output["requests"] * 60 / BUDGET_PER_MINUTE
        figures = [cost.seconds, allowed, cost.seconds / allowed]
        rows.append([name, f"{cost.output['requests']:,}", *(f"{one:.2f}" for one in figures)])
    head = f"| | requests | seconds | at {BUDGET_PER_MINUTE} requests a minute | ratio |"
    return (
        f"## A backfill with {LATENCY_MILLISECONDS} ms a request\n\n"
        + _table(head, rows)
        + "\nThe budget counts requests of the last 60 seconds: the first of them may go out at once, and a short "
        "backfill can take less than its share of a minute.\n"
    )


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    lines = [head, "|" + " --- |" * (head.count("|") - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
