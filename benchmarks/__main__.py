"""Runs the benchmarks and writes `benchmarks/RESULTS.md`: `make bench`, or `make bench BENCH_ARGS=--full`."""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import parts, results
from benchmarks.children import ROOT
from benchmarks.growth import growth

PARTS = ("landing", "growth", "slow-feed")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    it = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    it.add_argument(
        "--full",
        action="store_true",
        help="1,000,000 activities, and 10,000,000 as a history, more rounds (about an hour)",
    )
    it.add_argument("--sizes", type=int, nargs="+", help="histories for `growth` (a million need 1.2 GB on disk)")
    it.add_argument("--only", choices=PARTS, action="append", help="run only this part; may be repeated")
    it.add_argument("--no-dbt", action="store_true", help="skip the dbt builds")
    it.add_argument("--rounds", type=int, help="rounds of interleaved runs (default: 3; 5 with --full)")
    it.add_argument("--output", type=Path, default=ROOT / "benchmarks/RESULTS.md", help="default: %(default)s")
    return it


def main() -> None:
    """Run the chosen parts, and write the results so far after each."""
    arguments = parser().parse_args()
    rounds = arguments.rounds or (5 if arguments.full else 3)
    activities = 1_000_000 if arguments.full else 200_000
    variables = f" BENCH_ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else ""
    sections = [results.introduction(variables)]
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        work = Path(directory)
        for part in arguments.only or PARTS:
            print(f"{part} ...", flush=True)
            if part == "landing":
                sections.append(results.landing(*parts.landing(work, activities, rounds)))
            elif part == "growth":
                sizes = arguments.sizes or [
                    activities // 10,
                    activities,
                    *([10_000_000] if arguments.full else []),
                ]
                sections.append(results.growth(growth(work, activities, rounds, sizes, not arguments.no_dbt)))
            else:
                sections.append(results.slow_feed(parts.slow_feed(work, 800 if arguments.full else 200)))
            arguments.output.write_text("\n".join(sections), encoding="utf-8")
    print(f"Written to {arguments.output}.")


if __name__ == "__main__":
    main()
