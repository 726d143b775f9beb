"""Findings in a company in which nothing bad happens: `python -m benchmarks.quiet_year`, some minutes, by hand.

Prints the findings a week by severity and rule over a benign year of 540 people. `docs/findings.md` has the
figures; `tests/dbt_project/cases/test_quiet.py` holds the limit on a quarter of a smaller company.
"""

import argparse
import os
import subprocess
import tempfile
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import duckdb

from benchmarks.children import ROOT
from benchmarks.parts import PYTHON
from local_feed.history.benign import benign_records
from tests.histories import land_days

BY_RULE = """
select severity, rule_id, count(*) as finding_count from marts.findings where is_supported
group by severity, rule_id
order by list_position(['critical', 'high', 'medium', 'low'], severity), finding_count desc, rule_id
"""


def load(path: Path, records: Iterable[bytes]) -> int:
    """Land records in batches, each as part of a complete read of the UTC day it is of. Returns how many."""
    count = 0
    rest = iter(records)
    while batch := list(islice(rest, 100_000)):
        land_days(path, batch)
        count += len(batch)
    return count


def main() -> None:
    """Make the year, build it, and print what was found."""
    it = argparse.ArgumentParser(prog="python -m benchmarks.quiet_year", description=__doc__)
    it.add_argument("--people", type=int, default=540)
    it.add_argument("--weeks", type=int, default=52)
    it.add_argument("--seed", type=int, default=1)
    it.add_argument("--keep", type=Path, help="the warehouse, to look at it; it is built again if it is there")
    arguments = it.parse_args()
    with tempfile.TemporaryDirectory(prefix="quiet-") as directory:
        path = arguments.keep or Path(directory) / "warehouse.duckdb"
        if not path.exists():
            count = load(path, benign_records(arguments.people, arguments.weeks, seed=arguments.seed))
            print(f"{count:,} activities of {arguments.people} people in {arguments.weeks} weeks")
        _build(path, Path(directory) / "target")
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(BY_RULE).fetchall()
    for severity, rule, number in rows:
        print(f"{severity:9} {rule:40} {number:5} {number / arguments.weeks:6.2f} a week")
    print(f"together {sum(row[2] for row in rows) / arguments.weeks:.2f} a week")


def _build(path: Path, target: Path) -> None:
    dbt = [PYTHON.parent / "dbt", "--quiet", "build", "--exclude-resource-types", "test", "unit_test"]
    places = {"WAREHOUSE_PATH": str(path), "DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target)}
    environment = {**os.environ, **places, "DBT_PROFILES_DIR": str(ROOT / "dbt_project")}
    subprocess.run(dbt, cwd=ROOT / "dbt_project", env=environment, check=True)


if __name__ == "__main__":
    main()
