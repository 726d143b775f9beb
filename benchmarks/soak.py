"""A year of ticks in about an hour: `python -m benchmarks.soak --before CHECKOUT`, by hand.

The product runs as its commands do, under a clock that a preloaded library moves (compiled here: a C compiler is
needed), against a local feed whose clock moves with it. The first half of the year is run by version 0.3.1, in a
checkout of its commit f920cbe in which `make setup` has run. A real year has 105,000 refreshes; here the clock
jumps between them, and `python -m benchmarks.run_history` has what quiet ones add in a year: docs/reliability.md.
Neither checkout may change while it runs: a run refuses to build a dbt project that has changed under it.
"""

import argparse
import atexit
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.children import ROOT
from local_feed import LocalFeed
from tests.truth import lies, missing, stored

# About 200 activities a day; a busy tick brings that many at once.
LIVE_PER_MINUTE, BUSY = 0.14, 3_000
BURST = 4
# The host's clock against the feed's, in seconds: ahead, behind, and an hour behind after it was right.
SKEWS = {5: 300, 15: -300, 25: -3600}
FAULTS = (
    {"kind": "error", "status": 400, "times": 2},
    {"kind": "broken_json", "times": 2},
    {"kind": "error", "status": 401, "times": 0},
    {"kind": "cut_body", "times": 2},
    {"kind": "rate_limited", "times": 3, "retry_after": 1},
    {"kind": "html", "times": 2},
)


class Clock:
    """The time of the simulation, and the host's, which can be wrong. Real time passes within it."""

    def __init__(self, work: Path, start: datetime) -> None:
        self.library, self.file = work / "clock.so", work / "clock"
        source = Path(__file__).with_name("soak_clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.library, source, "-ldl"], check=True)
        self.offset = start.timestamp() - time.time()
        self.turn(0)

    def now(self) -> float:
        """Seconds since 1970 in the simulation: the feed's clock."""
        return time.time() + self.offset

    def turn(self, days: float, skew: int = 0) -> None:
        """Let days pass, and set the host's clock wrong by so many seconds."""
        self.offset += days * 86_400
        # In place: processes have it mapped.
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write(struct.pack("=q", round((self.offset + skew) * 1e9)))


@dataclass
class Soak:
    """The simulated installation, and what was measured of it. `ticks`: kind and cost of each command."""

    work: Path
    clock: Clock
    feed: LocalFeed
    seed: int
    process: subprocess.Popen[str] | None = None
    ticks: list[tuple[str, str, dict[str, float]]] = field(default_factory=list)
    dice: random.Random = field(init=False)
    version: str = ""

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file."""
        return self.work / "soak.duckdb"

    @contextmanager
    def version_of(self, checkout: Path, version: str) -> Iterator[None]:
        """Commands within the block are those of the version in the checkout."""
        self.version = version
        with subprocess.Popen(
            [checkout / ".venv/bin/python", Path(__file__).with_name("soak_ticks.py")],
            cwd=checkout,
            env={**self._environment(), "PYTHONPATH": str(checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as self.process:
            try:
                self._hear()
                yield
            finally:
                self.process.stdin.close()

    def tick(self, kind: str, *words: str, kill_after: float | None = None, **environment: str) -> None:
        """Run one command, and note what it cost."""
        log = str(self.work / "commands.log")
        with open(log, "a") as file:
            print(f"--- {datetime.fromtimestamp(self.clock.now(), UTC)} {kind}: {words}", file=file)
        request = {"words": words, "environment": environment, "log": log, "kill_after": kill_after}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        self.ticks.append((self.version, kind, json.loads(self._hear())))

    def sizes(self) -> dict[str, float]:
        """Megabytes on disk."""
        places = {
            "warehouse": [self.warehouse],
            "published": [self.work / "published", self.work / "published-general"],
            "archive": [self.work / "archive"],
            "Dagster": [self.work / "home"],
        }
        sizes = {name: sum(map(_megabytes, paths)) for name, paths in places.items()}
        return sizes | {"everything": _megabytes(self.work)}

    def _hear(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("The process of the ticks ended.")
        return line

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {
            "LD_PRELOAD": str(self.clock.library),
            "SOAK_CLOCK": str(self.clock.file),
            "TZ": "UTC",
            "WAREHOUSE_PATH": str(self.warehouse),
            "PUBLISHED_PATH": str(self.work / "published"),
            "ARCHIVE_PATH": str(self.work / "archive"),
            "DAGSTER_HOME": str(self.work / "home"),
            "PSEUDONYM_KEY": "a-key-for-the-made-up-people-of-the-soak-test",
            "COMPLIANCE_API_URL": self.feed.url,
            "ANTHROPIC_COMPLIANCE_ACCESS_KEY": self.feed.directory_key,
            "FEED_REQUESTS_PER_MINUTE": "100000",
            "FEED_SOURCES": "",
            "DETECTIONS": "",
        }


def year(soak: Soak, days: int, step: int, first: int, *, is_new: bool) -> int:
    """The ticks of so many days, the first of which has the number `first`. Returns the number of the next."""
    for number in range(first, first + days // step):
        usual = median(cost["seconds"] for _, kind, cost in soak.ticks[-BURST:] if kind != "killed")
        soak.clock.turn(step, SKEWS.get(number % 30, 0))
        match number % 10:
            case 3 | 7:
                soak.tick("killed", "refresh", kill_after=soak.dice.random() * usual)
            case 6:
                fault = FAULTS[number // 10 % len(FAULTS)]
                soak.feed.faults.add(**fault)
                soak.tick("failing", "refresh")
                soak.feed.faults.clear()
            case 8:
                _add_busy_hour(soak, number)
                soak.tick("busy", "refresh")
            case 9:
                soak.tick("reconcile", "reconcile")
            case _:
                soak.tick("clock" if number % 30 in SKEWS else "refresh", "refresh")
        # An hour of a clock that is wrong ends before the next tick.
        soak.clock.turn(0)
        if number % 10 == 1:
            soak.tick("verify", "verify")
        if is_new and number % 10 == 2:
            soak.tick("directory", "directory")
        if number % 10 == 0:
            _print_sizes(soak)
    return first + days // step


def quiet(soak: Soak) -> None:
    """Refreshes that follow each other so closely that nothing is new."""
    soak.tick("refresh", "refresh")
    before = soak.sizes()["Dagster"]
    for _ in range(BURST):
        soak.tick("quiet", "refresh")
    print(f"  {BURST} quiet ones added {soak.sizes()['Dagster'] - before:.2f} MB to Dagster's records", flush=True)


def check(soak: Soak) -> list[str]:
    """What does not hold at the end; nothing where all does."""
    found = lies(soak.warehouse)
    lost = missing(soak.warehouse, soak.feed, "compliance")
    found += [f"{len(lost)} of {len(soak.feed)} records of covered time are not stored"] if lost else []
    print(f"{len(soak.feed):,} records served, {len(stored(soak.warehouse)):,} stored", flush=True)
    before = _marts(soak.warehouse)
    soak.tick("rebuild", "rebuild")
    after = _marts(soak.warehouse)
    found += [f"marts.{name} differs from its rebuild" for name in before if before[name] != after[name]]
    soak.tick("verify", "verify", "--archive", "--published")
    found += [f"{version} {kind} ended with {cost['status']:.0f}" for version, kind, cost in soak.ticks
             if cost["status"] and kind not in ("killed", "failing")]  # fmt: skip
    return found


def _marts(path: Path) -> dict[str, tuple[Any, ...]]:
    """Row count of each mart, and of those that hold no time of a build a hash of all rows."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' and table_name not like '\\_%' "
            "escape '\\'"
        ).fetchall()
        counts = {name: connection.execute(f"select count(*) from marts.{name}").fetchall() for (name,) in names}
        hashed = {
            name: connection.execute(f"select bit_xor(hash(t)) from marts.{name} as t").fetchall()
            for name in ("activities", "membership_changes", "key_lifecycle", "user_activity_daily", "logins")
        }
    return {name: (counts[name], hashed.get(name)) for name in counts}


def _add_busy_hour(soak: Soak, number: int) -> None:
    for count in range(BUSY):
        at = datetime.fromtimestamp(soak.clock.now() - 3600 + count, UTC)
        person = f"user_busy{count % 200}"
        soak.feed.add({
            "id": f"activity_busy{number}n{count}", "created_at": at.isoformat(), "type": "claude_chat_created",
            "organization_uuid": "00000000-0000-4000-8000-000000000001",
            "actor": {"type": "user_actor", "user_id": person, "email_address": f"{person}@example.com"},
        })  # fmt: skip


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _print_sizes(soak: Soak) -> None:
    sizes = ", ".join(f"{name} {size:.1f}" for name, size in soak.sizes().items())
    day = datetime.fromtimestamp(soak.clock.now(), UTC).date()
    runs = len([*(soak.work / "home/history/runs").glob("*-*.db")])
    print(f"{day} {soak.version}, {len(soak.ticks)} commands, {runs} runs kept; MB: {sizes}", flush=True)


def _print_costs(soak: Soak) -> None:
    costs: dict[tuple[str, str], list[dict[str, float]]] = {}
    for version, kind, cost in soak.ticks:
        costs.setdefault((version, kind), []).append(cost)
    for (version, kind), several in costs.items():
        for part, some in (("first", several[:BURST]), ("last", several[-BURST:])):
            cpu, peak = (median(one[name] for one in some) for name in ("cpu_seconds", "peak_megabytes"))
            wall = median(one["seconds"] for one in some)
            print(
                f"{version} {kind:9} {part:5} of {len(several):3}: {wall:6.2f} s, {cpu:6.2f} CPU s, {peak:5.0f} MB"
            )


def main() -> int:
    """Simulate, measure, check. Exit status 1 where something does not hold."""
    it = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.splitlines()[0])
    it.add_argument("--before", type=Path, required=True, help="a checkout of version 0.3.1 with its .venv")
    it.add_argument("--days", type=int, default=365)
    it.add_argument("--step", type=int, default=9, help="days from tick to tick (default: %(default)s)")
    it.add_argument("--seed", type=int, default=1)
    it.add_argument("--keep", type=Path, help="an empty directory for everything, to look at it")
    arguments = it.parse_args()
    start = datetime.now(UTC) - timedelta(days=arguments.days)
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        work = arguments.keep or Path(scratch)
        work.mkdir(exist_ok=True)
        clock = Clock(work, start)
        history = {"start": (start - timedelta(days=180)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                   "end": start.strftime("%Y-%m-%dT%H:%M:%SZ")}  # fmt: skip
        options = {"seed": arguments.seed, "directory": True, "clock": clock.now, "cache": work / "history"}
        with LocalFeed(live_per_minute=LIVE_PER_MINUTE, **history, **options) as feed:
            soak = Soak(work, clock, feed, arguments.seed)
            atexit.register(_print_costs, soak)
            with soak.version_of(arguments.before, "0.3.1"):
                quiet(soak)
                middle = year(soak, arguments.days // 2, arguments.step, 1, is_new=False)
                quiet(soak)
            _print_sizes(soak)
            with soak.version_of(ROOT, "new"):
                quiet(soak)
                year(soak, arguments.days // 2, arguments.step, middle, is_new=True)
                quiet(soak)
                _print_sizes(soak)
                found = check(soak)
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print("Nothing is lost, and everything holds.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
