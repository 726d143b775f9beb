"""Several sources and reconciliation through the real asset graph."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_feed import LocalFeed
from tests.end_to_end.conftest import environment_of, run
from tests.end_to_end.test_refresh import activity, failure_of, metadata_of
from tests.rows import rows

SOURCES = """
[sources.parent]
key_variable = "ANTHROPIC_COMPLIANCE_ACCESS_KEY"
[sources.console]
key_variable = "CONSOLE_KEY"
"""


def test_a_source_that_fails_fails_the_run_after_the_others_are_read_and_reconcile_goes_on(
    path: Path, tmp_path: Path
):
    now = datetime.now(UTC)
    (tmp_path / "sources.toml").write_text(SOURCES)
    records = [activity(f"a{n}", now - timedelta(days=n), "claude_chat_created") for n in range(1, 5)]
    with LocalFeed(records=records) as feed:
        environment = environment_of(feed, FEED_SOURCES=str(tmp_path / "sources.toml"))
        result = run("refresh", path, environment, stages=("raw",))
        assert not result.success
        assert failure_of(result) == (
            "console: its last run failed: sources.toml: source console: key_variable: CONSOLE_KEY is not set. "
            "Set it, or CONSOLE_KEY_FILE, in the environment or in .env."
        )
        said = metadata_of(result, "raw/activities")
        assert (said["new"], said["slices_left"]) == (4, 0)
        assert [(row.data["source"], row.data["new"]) for row in said["sources"].records] == [
            ("parent", 4), ("console", 0)
        ]  # fmt: skip
        assert rows(path, "select count(*) from raw.activities") == [(4,)]

        feed.add(activity("deep", now - timedelta(days=3, hours=1), "claude_chat_created"))
        feed.replace("a2", activity("a2", now - timedelta(days=2), "claude_chat_deleted"))
        result = run("reconcile", path, environment | {"CONSOLE_KEY": feed.admin_key}, stages=("raw",))
        assert result.success
        said = metadata_of(result, "raw/activities")
        assert (said["new"], said["late"], said["revised"]) == (1, 1, 1)
        assert said["lateness_max_seconds"] > 3 * 86_400
        assert rows(path, "select count(*) from raw.activities") == [(5,)]
        assert rows(path, "select distinct source from raw.extracts where kind = 'reconcile'") == [("parent",)]
