"""The archive in an S3-compatible store: the same files as in a directory, over the real protocol on loopback."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.archive.errors import ArchiveError
from orchestration.archive.offload import Dropped, drop_old_days
from orchestration.archive.restore import restore
from orchestration.archive.storage.register import reach_archive
from orchestration.archive.storage.store import Store, open_store
from orchestration.config.archive import read_archive
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.archive.conftest import archive, content
from tests.dbt_project.builds import run_dbt
from tests.histories import FIRST_DAY, build, land_slice, record
from tests.stores import environment_of, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a store that checks signatures, and the directory with its buckets."""
    buckets = tmp_path_factory.mktemp("buckets")
    with serving(buckets) as url:
        yield url, buckets


@pytest.fixture(autouse=True)
def environment(server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The environment of the store; each test has its own prefix."""
    configured = {"ARCHIVE_PATH": f"s3://bucket/{tmp_path.name}"} | environment_of(server[0])
    for name, value in configured.items():
        monkeypatch.setenv(name, value)
    return configured


def store_of(environment: dict[str, str], **changes: str) -> Store:
    settings = read_archive(environment | changes)
    assert settings
    return open_store(settings.place, settings.endpoint, settings.region)


def test_archive_and_restore(landed: Path, tmp_path: Path, server: tuple[str, Path], environment: dict[str, str]):
    store = store_of(environment)
    assert archive(landed, store).row_count == 9
    root = server[1] / "bucket" / tmp_path.name
    assert len([one for one in root.rglob("*.parquet") if "activities/" in str(one)]) == 3
    restored = tmp_path / "restored.duckdb"
    assert restore(restored, store).activity_count == 9
    assert content(restored) == [row for row in content(landed) if row[2].day < 5]
    part = root / "activities/source=test/activity_date=2026-05-01/part-0001.parquet"
    content_of_part = bytearray(part.read_bytes())
    content_of_part[50] ^= 1
    part.write_bytes(content_of_part)
    with pytest.raises(ArchiveError, match=r"part-0001.parquet in s3://bucket/.* is damaged"):
        restore(tmp_path / "again.duckdb", store)


def test_dropped_days_are_read_from_the_store(path: Path, environment: dict[str, str]):
    texts = build(path)
    store = store_of(environment)
    archive(path, store)
    reach_archive()
    assert drop_old_days(path, store, 2) == Dropped(2, 6)
    assert len(content(path)) == len(texts) - 6
    found = verify(path)
    with open_warehouse(path) as connection:
        extract = land_slice(connection, record("activity_01", FIRST_DAY + timedelta(hours=1)))
    assert (found.findings, found.activity_count) == ([], len(texts))
    assert (extract.inserted_count, extract.duplicate_count) == (0, 1)
    counts = "select count(*) as rows, count(distinct activity_id) as ids from {{ stored_activities() }}"
    assert read_by_dbt(counts, path) == (len(texts), len(texts))


def read_by_dbt(query: str, path: Path) -> tuple[int, ...]:
    """The one row of a query that dbt renders."""
    [shown] = run_dbt(path, path.parent / "target", "show", "--inline", query).result.results
    [row] = shown.agate_table.rows
    return tuple(map(int, row))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ARCHIVE_PATH": "s3://nowhere/prefix"}, "There is no such bucket. Create it, or correct ARCHIVE_PATH."),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "The secret does not belong to the key."),
        ({"AWS_ACCESS_KEY_ID": "unknown"}, "AWS_ACCESS_KEY_ID."),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "The store cannot be reached. Check AWS_ENDPOINT_URL"),
    ],
)
def test_an_error_of_the_store_is_one_sentence(
    landed: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, str],
    sentence: str,
):
    monkeypatch.setattr("orchestration.archive.storage.store._ATTEMPTS", 1)
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ArchiveError) as refused:
        archive(landed, store_of(environment, **changes))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_store_that_stores_other_bytes_is_detected(
    landed: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
    with pytest.raises(ArchiveError, match=r"stored \d+ bytes of .*set AWS_REQUEST_CHECKSUM_CALCULATION=when_req"):
        archive(landed, store_of(environment))
