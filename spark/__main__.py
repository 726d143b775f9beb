"""`python -m spark ARCHIVE WORK`: register the archive, then build and test every table on a local Spark.

On a cluster this is not needed: there dbt does the same by itself (docs/spark.md).
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt_common.events.base_types import EventMsg
from pyspark.sql import SparkSession

from orchestration.project_files import project_sha256
from spark.local import start

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
REGISTER = ("run-operation", "register_archive")
# The rows of unit tests are written in DuckDB's SQL.
BUILD = ("build", "--exclude-resource-type", "unit_test")
UPKEEP = ("run-operation", "upkeep")
# As in a refresh of the warehouse: these tests guard our code.
TESTS_OF_THE_CODE = "tag:code"


def main() -> int:
    """Returns exit status 0 if every table was built and every test passed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m spark", description=__doc__.splitlines()[0])
    parser.add_argument(
        "archive", help="ARCHIVE_PATH of the product: a directory, or an address that Spark can read"
    )
    parser.add_argument("work", type=Path, help="where Spark keeps its tables, its metastore and its logs")
    parser.add_argument("--memory", default="4g", help="how much memory Spark may take (4g)")
    parser.add_argument(
        "--iceberg", action="store_true", help="tables of Iceberg, to which a build adds what is new"
    )
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    local = Path(arguments.archive).resolve()
    os.environ |= {
        "ARCHIVE_PATH": str(local) if local.is_dir() else arguments.archive,
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "DO_NOT_TRACK": "1",
    }
    if arguments.iceberg:
        os.environ |= {"SPARK_FILE_FORMAT": "iceberg", "PROJECT_SHA256": project_sha256(PROJECT)}
    else:
        os.environ.setdefault("SPARK_BUILD", f"{datetime.now(UTC):%Y%m%d%H%M%S}")
    session = start(work, arguments.memory, is_iceberg=arguments.iceberg)
    try:
        if not arguments.iceberg:
            return 0 if dbt(REGISTER) and dbt(BUILD) else 1
        if not grow():
            return 1
        list_files(session, work)
        return 0
    finally:
        session.stop()


def dbt(command: Sequence[str], said: list[str] | None = None) -> bool:
    """Run a dbt command on the target `spark`, in the process with the session. Returns whether it succeeded.

    `said` gets what macros log.
    """
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", "spark"]

    def listen(event: EventMsg) -> None:
        if said is not None and event.info.name == "JinjaLogInfo":
            said.append(event.info.msg)

    return dbtRunner(callbacks=[listen]).invoke([*command, *options]).success


def grow() -> bool:
    """Add what the archive has of new, or build anew where that is necessary. Returns whether it succeeded."""
    said: list[str] = []
    if not dbt(REGISTER, said):
        return False
    is_rebuild = any(message.startswith("rebuild: ") for message in said)
    how = ("--full-refresh",) if is_rebuild else ("--exclude", TESTS_OF_THE_CODE)
    return dbt([*BUILD, *how]) and dbt(UPKEEP)


def list_files(session: SparkSession, work: Path) -> None:
    """Write `marts.json`: the Parquet files of each mart, for who reads them without Iceberg."""
    names = [row.tableName for row in session.sql("show tables in marts").collect()]
    files = {
        name: [row.file_path for row in session.sql(f"select file_path from marts.{name}.files").collect()]
        for name in names
    }
    draft = work / "marts.json.tmp"
    draft.write_text(json.dumps(files, indent=1))
    draft.replace(work / "marts.json")


if __name__ == "__main__":
    sys.exit(main())
