"""A refresh that finds nothing new leaves the tables as they are, and they are what a rebuild would make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb

from local_feed import LocalFeed
from tests.end_to_end.conftest import environment_of, run


def tables(path: Path) -> dict[str, list[str]]:
    """The rows of every mart that rests on activities alone."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = (
            "activities",
            "key_lifecycle",
            "membership_changes",
            "user_activity_daily",
            "user_activity_summary",
        )
        return {
            name: sorted(map(repr, connection.execute(f"select * from marts.{name}").fetchall())) for name in names
        }


def unchanged(result: dg.ExecuteInProcessResult) -> set[str]:
    """The tables that the run says it left as they were."""
    return {
        one.asset_key.path[-1]
        for one in result.asset_materializations_for_node("curated_tables")
        if "unchanged since" in one.metadata
    }


def test_nothing_new_leaves_the_tables_and_another_project_makes_them_anew(prepared: Path):
    path = prepared
    begin = datetime.now(UTC) - timedelta(days=2)
    records = [
        {
            "id": f"a{number}",
            "created_at": (begin + timedelta(minutes=number)).isoformat(),
            "organization_uuid": "uuid-1",
            "actor": {"type": "user_actor", "user_id": "user_ada", "email_address": "ada@example.com"},
            "type": "claude_chat_created",
        }
        for number in range(5)
    ]
    with LocalFeed(records=records) as feed:
        environment = environment_of(feed)
        assert unchanged(run("refresh", path, environment)) == set()
        before = tables(path)
        quiet = run("refresh", path, environment)
        assert quiet.success
        assert {"activities", "key_lifecycle", "user_activity_summary"} <= unchanged(quiet)
        assert "feed_coverage" not in unchanged(quiet)
        shown = {
            one.asset_key.path[-1]: one.metadata for one in quiet.asset_materializations_for_node("curated_tables")
        }
        assert all("preview" in shown[name] for name in unchanged(quiet))
        assert shown["activities"]["dagster/row_count"].value == 5
        assert tables(path) == before
        with duckdb.connect(str(path)) as connection:
            connection.execute("update raw.builds set project_sha256 = 'of another version'")
            connection.execute("update marts.activities set activity_type = 'of another version'")
        assert unchanged(run("refresh", path, environment)) == set()
        assert tables(path) == before
