"""What a removal on the command line lists and clears, even if the warehouse no longer has anything to remove."""

import re
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunnerResult

from tests.conftest import Query
from tests.end_to_end.test_evidence import command
from tests.histories import DAYS, build
from tests.privacy.people import ADA, EMAIL, know_users, seal

CONFIRMED = ("--by", "privacy office", "--why", "request 17", "--yes")


@pytest.fixture(autouse=True)
def environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's places beside the warehouse of the test, and nothing else."""
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(path.parent / "home"))
    monkeypatch.setenv("PUBLISHED_PATH", str(path.parent / "published"))
    for name in ("ARCHIVE_PATH", "PUBLISH_POSTGRES_URL", "PSEUDONYM_KEY", "FEED_SOURCES"):
        monkeypatch.setenv(name, "")


@pytest.mark.parametrize(("subject", "status"), [(EMAIL, 0), ("user_unknown", 1)])
def test_an_erasure_that_finds_nothing_clears_and_lists_what_is_beside(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, subject: str, status: int
):
    build(path)
    know_users(path, **{ADA: [EMAIL]})
    staged = path.with_name(f"{path.name}.archiving")
    edition = path.parent / "published" / f".parquet-{'0' * 32}"
    for directory in (staged, edition):
        directory.mkdir(parents=True)
        (directory / "part.parquet").write_text(EMAIL)
    (path.parent / "my-copy.duckdb").touch()
    assert command(monkeypatch, path, "erase", "--subject", subject, *CONFIRMED) == status
    printed = capsys.readouterr()
    assert ("There is nothing to remove." in printed.out) == (not status)
    assert ("There is no user with this id" in printed.err) == bool(status)
    [listed] = re.findall("beside the warehouse: (.*)[.]\n", printed.out)
    assert {"my-copy.duckdb", "published"} <= set(listed.split(", "))
    assert not staged.exists()
    assert not edition.exists()


def test_a_confirmed_retention_removes_old_days_and_says_that_the_build_failed(
    path: Path, query: Query, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    build(path)
    seal(path)
    monkeypatch.setenv("RAW_DAYS", "31")
    failed = dbtRunnerResult(success=False, exception=RuntimeError("out of memory"))
    monkeypatch.setattr("orchestration.assets.dbt_run.dbtRunner.invoke", lambda *_: failed)
    assert command(monkeypatch, path, "retain", *CONFIRMED) == 1
    printed = capsys.readouterr()
    assert re.search(r"^Retention 1, .* activities .* removed by privacy office: request 17\.$", printed.out, re.M)
    assert "beside the warehouse: " in printed.out
    assert "may still be in what is published" in printed.err
    assert query("select count(*) from raw.activities where created_at < '2026-05-05'") == [(0,)]
    assert query("select count(*) from raw.removed_days") == [(DAYS - 1,)]
