"""A warehouse file that is moved away or replaced in the middle of a run: nothing false is called complete."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.ingest.run import refresh
from orchestration.ingest.writer import Writer
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.conftest import source_of
from tests.truth import lies, missing, served, stored

YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def feed() -> Iterator[LocalFeed]:
    records = [
        {"id": f"activity_{n:04}", "created_at": (YESTERDAY + n * timedelta(seconds=20)).isoformat(), "type": "x"}
        for n in range(3000)
    ]
    with LocalFeed(records=records) as feed:
        yield feed


def move_away(path: Path, before: Path) -> None:
    path.rename(path.with_name("moved.duckdb"))


def bring_back_a_copy(path: Path, before: Path) -> None:
    shutil.copy(before, path.with_name("copy.duckdb"))
    path.with_name("copy.duckdb").replace(path)


def put_an_empty_one(path: Path, before: Path) -> None:
    path.unlink()
    with open_warehouse(path):
        pass


@pytest.mark.parametrize(
    ("replace", "after_writes"),
    [(move_away, 1), (bring_back_a_copy, 4), (put_an_empty_one, 1), (put_an_empty_one, 4)],
)
def test_a_file_that_is_replaced_stops_the_run(
    feed: LocalFeed,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replace: Callable[[Path, Path], None],
    after_writes: int,
):
    source = source_of(feed, page_size=300, concurrency=1, start=YESTERDAY)
    before = tmp_path / "before.duckdb"
    with open_warehouse(path):
        pass
    shutil.copy(path, before)
    writes, write = [], Writer._write

    def write_then_replace(self, *arguments) -> None:
        write(self, *arguments)
        writes.append(1)
        if len(writes) == after_writes:
            replace(path, before)

    monkeypatch.setattr(Writer, "_write", write_then_replace)
    with pytest.raises(WarehouseError, match=r"moved away|was replaced"):
        refresh(source, path)
    monkeypatch.undo()
    assert not (replace is move_away and path.exists())
    for file in (one for one in (path, path.with_name("moved.duckdb")) if one.exists()):
        assert missing(file, feed) == set()
        assert lies(file) == []
    assert refresh(source, path).is_complete
    assert stored(path) == served(feed)


def test_an_extract_whose_row_was_changed_takes_no_more_rows(feed: LocalFeed, path: Path):
    source = source_of(feed, page_size=300, concurrency=1, start=YESTERDAY)
    changed, write = [], Writer._write

    def write_then_change(self, *arguments) -> None:
        write(self, *arguments)
        with duckdb.connect(str(path)) as connection:
            changed.extend(
                connection.execute(
                    "update raw.extracts set status = 'complete' where status = 'open' returning extract_id"
                ).fetchall()
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "_write", write_then_change)
        with pytest.raises(WarehouseError, match="was replaced"):
            refresh(source, path)
    assert changed
