"""PUBLISHED_DAYS: neither set has details that are older; summaries keep them."""

import logging
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from pydantic import SecretStr

from orchestration.access_review.review import read_review
from orchestration.assets.project import project
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.marts import read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.conftest import run
from tests.end_to_end.test_publishing import Built, facts_of
from tests.rows import rows

# The made-up history ends in October.
SINCE = date(2026, 8, 15)
CATALOG = read_catalog(project.manifest_path)


def one_set(name: str, directory: Path, since: date) -> PublishedSet:
    if name == "restricted":
        return restricted(CATALOG, directory, since=since)
    return general(CATALOG, Pseudonyms(SecretStr("k" * 32)), directory, since=since)


def publish(path: Path, published: PublishedSet) -> tuple[bool, tuple[int, int] | None]:
    with open_warehouse(path) as connection:
        edition = read_edition(connection, published)
        return publish_database(connection, published, edition), publish_parquet(connection, published, edition)


@pytest.mark.parametrize("name", ["restricted", "general"])
def test_only_older_details_are_left_out(built: Built, tmp_path: Path, name: str):
    path, directory = tmp_path / "copy.duckdb", tmp_path / name
    path.write_bytes(built[0].read_bytes())
    publish(path, one_set(name, directory, SINCE))
    file, link = directory / "compliance.duckdb", directory / "parquet"
    ageing = {mart.name: mart.ages_by for mart in CATALOG.marts if mart.ages_by}
    assert ageing.keys() == {
        "activities", "activity_objects", "activity_revisions", "compliance_reads", "configuration_changes",
        "finding_evidence", "key_use_daily", "logins", "user_activity_daily",
    }  # fmt: skip
    for mart in CATALOG.marts:
        by = f" where {mart.ages_by} >= '{SINCE}'" if mart.ages_by else ""
        [(expected,)] = rows(built[0], f"select count(*) from marts.{mart.name}{by}")
        assert rows(file, f"select count(*) from marts.{mart.name}") == [(expected,)], mart.name
        with duckdb.connect() as connection:
            files = f"read_parquet('{link.resolve()}/{mart.name}/**/*.parquet')"
            assert connection.execute(f"select count(*) from {files}").fetchall() == [(expected,)], mart.name
    [(first, since, count)] = rows(
        file, "select min(occurred_at)::date, any_value(detail_since), any_value(activity_count) "
        "from marts.activities, marts._published",
    )  # fmt: skip
    assert first >= since == SINCE
    assert [(count,)] == rows(file, "select count(*) from marts.activities")
    months = {one.name for one in link.resolve().glob("activities/month=*")}
    assert sorted(months)[:3] == ["month=2026-08", "month=2026-09", "month=2026-10"]
    # A day later there is another edition with the same full months.
    assert publish(path, one_set(name, directory, SINCE)) == (False, None)
    written, counts = publish(path, one_set(name, directory, SINCE + timedelta(days=1)))
    assert written
    assert counts
    assert counts[1] >= 3


def test_an_access_review_of_recent_data_finds_the_same_grants(built: Built, copy: Path, tmp_path: Path):
    publish(copy, one_set("restricted", tmp_path / "aged", SINCE))
    whole, aged = (
        read_review(directory / "compliance.duckdb", "2026-10-30", "2026-09-30")
        for directory in (built[0].parent / "published", tmp_path / "aged")
    )
    facts = ("holder_id", "grant_type", "grant_id", "role", "granted_at", "is_held", "change", "ended_at")
    # People without a membership record are known only by their activities.
    held = [
        [[row[fact] for fact in facts] for row in review.rows if row["change"] != "not known"]
        for review in (whole, aged)
    ]
    assert len(held[0]) > 20
    assert held[0] == held[1]


def test_a_run_publishes_recent_details_and_reports_since_when(
    built: Built, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "orchestration")
    result = run("publish", built[0], {"PUBLISHED_PATH": str(tmp_path / "p"), "PUBLISHED_DAYS": "60"})
    assert result.success
    since = facts_of(result, "database")["details since"]
    assert rows(tmp_path / "p/compliance.duckdb", "select detail_since::varchar from marts._published") == [
        (since,)
    ]
    assert "No general set was published: PSEUDONYM_KEY is not set.\n" in caplog.text
    assert not (tmp_path / "p-general").exists()
    result = run("publish", built[0], {"PUBLISHED_DAYS": "sixty"})
    [failure] = {event.step_failure_data.user_failure_data.description for event in result.filter_events(
        lambda event: event.is_step_failure)}  # fmt: skip
    assert failure == "PUBLISHED_DAYS is 'sixty'. Use a whole number, 1 to 2196."
