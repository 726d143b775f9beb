"""`python -m spark ARCHIVE WORK`: register the archive, then build and test every table on a local Spark.

On a cluster this is not needed: there dbt does the same by itself (docs/spark.md).
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from dbt.cli.main import dbtRunner

from spark.local import start

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
COMMANDS = (
    ["run-operation", "register_archive"],
    # The rows of unit tests are written in DuckDB's SQL.
    ["build", "--exclude-resource-type", "unit_test"],
)


def main() -> int:
    """Returns exit status 0 if every table was built and every test passed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m spark", description=__doc__.splitlines()[0])
    parser.add_argument(
        "archive", help="ARCHIVE_PATH of the product: a directory, or an address that Spark can read"
    )
    parser.add_argument("work", type=Path, help="where Spark keeps its tables, its metastore and its logs")
    parser.add_argument("--memory", default="4g", help="how much memory Spark may take (4g)")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    local = Path(arguments.archive).resolve()
    os.environ |= {
        "ARCHIVE_PATH": str(local) if local.is_dir() else arguments.archive,
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "DO_NOT_TRACK": "1",
    }
    os.environ.setdefault("SPARK_BUILD", f"{datetime.now(UTC):%Y%m%d%H%M%S}")
    session = start(work, arguments.memory)
    try:
        return 0 if all(dbt(command) for command in COMMANDS) else 1
    finally:
        session.stop()


def dbt(command: list[str]) -> bool:
    """Run a dbt command on the target `spark`, in the process with the session. Returns whether it succeeded."""
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", "spark"]
    return dbtRunner().invoke([*command, *options]).success


if __name__ == "__main__":
    sys.exit(main())
