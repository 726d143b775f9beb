"""What readers see of builds that succeed, fail, are lost or are interrupted, on a project of four models."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "dbt_project"
FILES = {
    "dbt_project.yml": """
        {name: compliance, version: "1.0.0", profile: compliance, on-run-start: "{{ start_build() }}",
         on-run-end: "{{ finish_build(results) }}",
         models: {compliance: {+file_format: parquet, +materialized: table, +schema: marts}}}""",
    "models/users.sql": "select explode(array({{ env_var('ROWS') }})) as a",
    "models/counts.sql": "select count(*) as n from {{ ref('users') }} {{ env_var('BREAK') }}",
    "models/events.sql": """
        {{ config(schema='delivered', materialized='view') }} select * from {{ ref('users') }}""",
    "models/finding_history.sql": """
        {{ config(schema='detections', materialized='incremental') }}
        {{ config(incremental_strategy='append', full_refresh=false) }}
        select a, '{{ env_var("SPARK_BUILD") }}' as found from {{ ref('users') }}
        {% if is_incremental() %} where a not in (select k.a from {{ this }} as k) {% endif %}""",
    # dbt lists it among the results of a build, though there is nothing to do.
    "models/readers.yml": """
        exposures: [{name: readers, type: dashboard, owner: {name: Readers}, depends_on: [ref('users')]}]""",
}


def test_readers_have_the_last_finished_build(tmp_path: Path):
    project = tmp_path / "project"
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    for name in (
        "profiles.yml",
        "macros/builds.sql",
        "macros/spark/builds.sql",
        "macros/spark/growing.sql",
        "macros/generate_schema_name.sql",
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, project / name)
    subprocess.run([ROOT / ".venv-spark/bin/python", "-m", "spark.test_builds", tmp_path], cwd=ROOT, check=True)


def build_and_read(root: Path) -> None:
    """Run in the environment with Spark: one session for all builds."""
    from dbt.cli.main import dbtRunner

    from spark.local import start

    os.environ |= {
        "DBT_TARGET_PATH": str(root / "target"),
        "DBT_LOG_PATH": str(root / "logs"),
        "DO_NOT_TRACK": "1",
    }
    session = start(root / "spark", "1g")
    project = str(root / "project")

    def build(name: str, rows: str, *selection: str, wrong: str = "") -> bool:
        os.environ |= {"SPARK_BUILD": name, "ROWS": rows, "BREAK": wrong}
        command = ["build", "--target", "spark", "--project-dir", project, "--profiles-dir", project, *selection]
        return dbtRunner().invoke(command).success

    def read(relation: str) -> list[tuple]:
        return sorted(tuple(row) for row in session.sql(f"select * from {relation}").collect())

    def builds() -> set[str]:
        """The builds of which anything is left, as schemas or as files."""
        names = [row[0] for row in session.sql("show schemas").collect()]
        names += [path.name.removesuffix(".db") for path in (root / "spark/warehouse").iterdir()]
        return {name.rpartition("_build_")[2] for name in names if "_build_" in name}

    # What an earlier release built in place.
    for schema in ("raw", "marts", "detections"):
        session.sql(f"create schema {schema}")
    session.sql("create table marts.users using parquet as select 7 as a")
    session.sql("create table detections.finding_history using parquet as select 7 as a, 'before' as found")

    assert build("one", "1, 2")
    assert read("marts.users") == read("delivered.events") == [(1,), (2,)]
    assert read("detections.finding_history") == [(1, "one"), (2, "one"), (7, "before")]

    # A build that fails, and one whose driver was lost while it made a table that no catalog knows.
    assert not build("two", "1, 2, 3", wrong=", missing")
    assert read("marts.users") == [(1,), (2,)]
    session.sql("create schema marts_build_lost")
    (root / "spark/warehouse/marts_build_lost.db/users").mkdir(parents=True)
    assert build("three", "2, 3")
    assert builds() == {"one", "three"}
    assert read("marts.users") == [(2,), (3,)]
    assert read("marts.counts") == [(2,)]
    assert read("detections.finding_history") == [(1, "one"), (2, "one"), (3, "three"), (7, "before")]

    # The driver was lost while the views changed: the next build completes that, whatever becomes of itself.
    session.sql("create or replace view raw.finished_build as select 'three' as build, false as is_published")
    session.sql("create or replace view marts.users as select * from marts_build_one.users")
    assert not build("four", "9", wrong=", missing")
    assert read("raw.finished_build") == [("three", True, 0)]
    assert read("marts.users") == [(2,), (3,)]

    # Part of a build is not a finished one, a name is used once, and there is no build without one.
    assert build("five", "9", "--select", "users")
    assert read("marts.users") == [(2,), (3,)]
    assert not build("three", "9")
    assert not build("main", "9")
    assert not build("A_b", "9")
    assert read("marts.users") == [(2,), (3,)]

    # After a removal no earlier finding is carried over, and no earlier build stays.
    session.sql("create table raw.removals using parquet as select 1 as removal_id")
    assert build("six", "3")
    assert read("detections.finding_history") == [(3, "six")]
    assert builds() == {"six"}
    assert build("seven", "3, 4")
    assert read("detections.finding_history") == [(3, "six"), (4, "seven")]
    assert builds() == {"six", "seven"}


if __name__ == "__main__":
    build_and_read(Path(sys.argv[1]))
