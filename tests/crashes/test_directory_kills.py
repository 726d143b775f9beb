"""kill -9 while the directory is read: run again, the rows are those of a run that was left alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from tests.crashes.victim import Victim, walk_directory
from tests.directories import CONSOLE, compliance_source, small_directory, walk_all


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    with LocalFeed(records=[], directory=small_directory(), admin_organization=CONSOLE) as feed:
        yield feed


def items(path: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "select list_name, parent_id, item_id, is_present, payload from raw.directory_items order by all"
        ).fetchall()


def lies(path: Path) -> list[tuple[Any, ...]]:
    """Complete walks whose rows are not all there, and rows without a complete walk."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "with counted as (select walk_id, count(*) as row_count from raw.directory_items group by walk_id) "
            "select * from counted full join raw.directory_walks using (walk_id) "
            "where coalesce(row_count, 0) <> new_count + changed_count + gone_count or status is null"
        ).fetchall()


@pytest.mark.parametrize(("point", "first"), [("asking", 1), ("storing", 6), ("stored", 6)])
def test_a_kill_between_walk_and_commit_changes_nothing(feed: LocalFeed, tmp_path: Path, point: str, first: int):
    path, undisturbed = tmp_path / "killed.duckdb", tmp_path / "undisturbed.duckdb"
    source = compliance_source(feed, name="test", key=SecretStr(feed.directory_key))
    walk_all(source, undisturbed)
    if point == "asking":
        feed.faults.add("hold", skip=first, path="/v1/")
    stops = {} if point == "asking" else {"stops": (point, first)}
    victim = Victim(feed.url, feed.directory_key, path, walk_directory, **stops)
    assert not victim.ends_before(feed)
    assert victim.kill()
    feed.faults.release()
    if path.exists():
        assert lies(path) == []
    walk_all(source, path)
    assert items(path) == items(undisturbed)
    assert lies(path) == []
    before = items(path)
    walk_all(source, path)
    assert items(path) == before
