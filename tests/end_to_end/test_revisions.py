"""The provider rewrites old records: every other content is a row, and the run says so once."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local_feed import LocalFeed
from tests.end_to_end.conftest import environment_of, run

COUNT = 12


def upload(number: int, begin: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"activity_{number:02}",
        "created_at": (begin + timedelta(seconds=number)).isoformat(),
        "organization_uuid": "uuid-1",
        "actor": {"type": "user_actor", "user_id": "user_ada", "email_address": "ada@example.com"},
        "type": "claude_file_uploaded",
        "claude_file_id": f"file_{number}",
        **fields,
    }


def test_a_rewrite_of_history_is_a_row_each_and_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path, begin = tmp_path / "w.duckdb", datetime.now(UTC) - timedelta(minutes=30)
    with LocalFeed(records=[upload(n, begin, filename=f"{n}.pdf", title="Plan") for n in range(COUNT)]) as feed:
        assert run("refresh", path, environment_of(feed)).success
        for number in range(COUNT):
            feed.replace(f"activity_{number:02}", upload(number, begin, filename=""))
        with caplog.at_level(logging.INFO, logger="orchestration"):
            assert run("refresh", path, environment_of(feed)).success
            assert run("refresh", path, environment_of(feed)).success
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "select activity_type, change_kind, changed_fields, count(*), count(distinct activity_id) "
            "from marts.activity_revisions group by all"
        ).fetchall()
        kept = connection.execute("select payload from marts.activities").fetchall()
    assert found == [("claude_file_uploaded", "mixed", ["filename", "title"], COUNT, COUNT)]
    assert {json.loads(text)["title"] for (text,) in kept} == {"Plan"}
    told = [one.getMessage() for one in caplog.records if "other content" in one.getMessage()]
    assert told == [
        "The feed gave 12 other content(s) for 12 known activities; what was stored first stays. "
        "Types: claude_file_uploaded (12). Fields: filename (12), title (12). See marts.activity_revisions."
    ]
