"""The demo: starts the local feed, reads the feed and the directory through Dagster, and prints tables.

It has its own warehouse and Dagster home, so that made-up records never mix with real ones.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb

from local_feed.child import ChildFeedError, child_feed
from local_feed.options import ADMIN_KEY, DIRECTORY_KEY

ROOT = Path(__file__).resolve().parent.parent
WAREHOUSE = ROOT / "data" / "demo.duckdb"
ACTIVITIES = 20_000
# Not a secret: the demo's people do not exist.
PSEUDONYM_KEY = "a-key-for-the-made-up-people-of-the-demo"

TABLES = (
    ("Keys, and who holds them", """
        select key_type, name, status, created_by_email, last_used_at::timestamp_s as last_used_at, use_count,
            is_creator_offboarded
        from marts.key_lifecycle where name is not null order by use_count desc, key_id limit 6"""),
    ("The newest changes of membership", """
        select occurred_at::timestamp_s as occurred_at, principal_email, change_type, previous_role,
            "current_role", actor_email
        from marts.membership_changes where principal_email is not null
        order by occurred_at desc, membership_change_id limit 6"""),
    ("Who was a member of an organization on 3 May 2026, by role", """
        select scope_id as organization_uuid, role, count(*) as member_count
        from marts.membership_periods
        where scope_type = 'organization'
            and coalesce(valid_from, '-infinity') <= timestamp '2026-05-03'
            and timestamp '2026-05-03' < coalesce(valid_to, 'infinity')
        group by all order by all"""),
    ("The most active people", """
        select current_email, membership_status, activity_count, engaged_activity_count, active_day_count,
            last_activity_at::timestamp_s as last_activity_at
        from marts.user_activity_summary order by engaged_activity_count desc, user_id limit 6"""),
)  # fmt: skip


def main() -> int:
    """Run the demo, or the UI on its warehouse."""
    parser = argparse.ArgumentParser(prog="python -m local_feed.demo", description=__doc__.splitlines()[0])
    parser.add_argument("--ui", action="store_true", help="the Dagster UI, with a feed that keeps growing")
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    arguments = parser.parse_args()
    print(f"A local feed with {arguments.activities:,} activities, read and built through Dagster ...", flush=True)
    verbs, live = (["ui"], ["--live"]) if arguments.ui else (["refresh", "directory"], [])
    options = [
        "--cache",
        str(ROOT / "data" / "local_feed"),
        "--directory",
        "--admin-requests-per-minute",
        "0",
        *live,
    ]
    try:
        with child_feed(arguments.activities, *options) as url:
            for verb in verbs:
                status = run([sys.executable, "-m", "orchestration", verb], environment(url))
                if status:
                    break
        if not arguments.ui and status == 0:
            show_tables()
    except KeyboardInterrupt:
        return 130
    except ChildFeedError as error:
        print(error, file=sys.stderr)
        return 1
    return status


def run(command: list[str], variables: dict[str, str]) -> int:
    """Run a command and return its exit status. If we are interrupted, interrupt it too."""
    with subprocess.Popen(command, cwd=ROOT, env=variables) as process:
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def environment(url: str) -> dict[str, str]:
    """The pipeline's environment for the demo, without any real configuration."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC_", "FEED_"))}
    return inherited | {
        "DEMO_COMPLIANCE_ACCESS_KEY": DIRECTORY_KEY,
        "DEMO_ADMIN_KEY": ADMIN_KEY,
        "COMPLIANCE_API_URL": url,
        "DETECTIONS": "",
        "FEED_SOURCES": str(Path(__file__).with_name("demo_sources.toml")),
        "WAREHOUSE_PATH": str(WAREHOUSE),
        "PUBLISHED_PATH": str(WAREHOUSE.with_name("demo-published")),
        "PUBLISHED_GENERAL_PATH": str(WAREHOUSE.with_name("demo-published-general")),
        "PUBLISHED_DAYS": "",
        "PUBLISHED_WORKBOOK": "true",
        "PSEUDONYM_KEY": PSEUDONYM_KEY,
        "PUBLISH_POSTGRES_URL": "",
        "DAGSTER_HOME": str(ROOT / ".dagster" / "demo"),
        "FEED_REQUESTS_PER_MINUTE": "100000",
    }


def show_tables() -> None:
    """Print the size of each table and a few rows of the main ones."""
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        print("\nTables")
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('raw', 'marts') and table_name <> 'schema_version' "
            "order by schema_name desc, table_name"
        ).fetchall()
        for (name,) in names:
            [(count,)] = connection.execute(f"select count(*) from {name}").fetchall()
            print(f"  {name:<32}{count:>9,}")
        for title, query in TABLES:
            print(f"\n{title}")
            connection.sql(query).show(max_width=150)
    print("\nOpen the Dagster UI on this warehouse, with a feed that keeps growing:  make demo-ui")
    published = WAREHOUSE.with_name("demo-published") / "compliance.duckdb"
    print(f"Published for analysts, to open at any time in any DuckDB client:  {published.relative_to(ROOT)}")
    print(
        f"Query it:  WAREHOUSE_PATH={WAREHOUSE.relative_to(ROOT)} .venv/bin/python -m orchestration query "
        '"from marts.users limit 5"'
    )


if __name__ == "__main__":
    sys.exit(main())
