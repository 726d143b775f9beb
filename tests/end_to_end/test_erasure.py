"""A person is erased from the whole product: warehouse, curated tables, published files; and stays away."""

import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from local_feed import LocalFeed
from orchestration.assets.project import project
from orchestration.assets.removals import REMOVALS
from orchestration.config.sources import Bounds
from orchestration.definitions import build_defs
from orchestration.ingest.run import read_all, refresh
from orchestration.privacy.confirmation import issue, redeem
from orchestration.publish.marts import read_catalog
from orchestration.resources import Warehouse
from orchestration.verification.verify import verify
from tests.conftest import source_of
from tests.dbt_project.builds import build_models
from tests.end_to_end.conftest import run
from tests.end_to_end.test_evidence import command
from tests.end_to_end.test_refresh import failure_of
from tests.manifests import parsed_runner
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]
ALL = Bounds(reconcile_days=3000, reconcile_requests=100_000, reconcile_every=timedelta(days=1))
# Tables and columns about the reading, or about what was found before.
OF_THE_READING = {
    "feed_coverage", "compliance_reads", "findings", "ingest_seq", "ingested_at", "is_own_read", "source",
}  # fmt: skip


def traces(path: Path, words: tuple[str, ...]) -> dict[str, int]:
    """The tables of a file that name one of the words, and in how many rows."""
    pattern = "|".join(map(re.escape, words))
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        found = {
            name: connection.execute(
                f"select count(*) from {name} as held where regexp_matches(to_json(held)::varchar, $1, 'i')",
                [pattern],
            ).fetchall()[0][0]
            for (name,) in names
        }
    return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def erased(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The built warehouse without its busiest member, who was erased by the command."""
    path = tmp_path_factory.mktemp("erased") / "warehouse.duckdb"
    shutil.copyfile(built[0], path)
    shutil.copytree(built[0].parent / "published", path.parent / "published", symlinks=True)
    [(user_id, email)] = rows(
        path,
        "select user_id, current_email from marts.user_activity_summary where current_email is not null "
        "order by activity_count desc limit 1",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBLISHED_PATH", str(path.parent / "published"))
        patch.setenv("PUBLISH_POSTGRES_URL", "")
        before = (path.read_bytes(), traces(path, (user_id, email)))
        request = ("erase", "--subject", email, "--by", "privacy office", "--why", "request 17")
        shown = command(patch, path, *request), path.read_bytes() == before[0]
        report = command(patch, path, "subject-report", "--subject", email)
        patch.setattr("orchestration.assets.dbt_run.dbtRunner", parsed_runner)
        printed = StringIO()
        # However little room there is: a removal makes some.
        patch.setenv("DISK_MIN_FREE_MB", "1000000000")
        with redirect_stdout(printed), redirect_stderr(printed):
            done = command(patch, path, *request, "--yes"), printed.getvalue()
    return {
        "path": path, "user_id": user_id, "email": email, "before": before, "shown": shown, "report": report,
        "done": done,
    }  # fmt: skip


def test_nothing_of_the_person_is_left(erased: dict[str, Any]):
    path, words = erased["path"], (erased["user_id"], erased["email"])
    assert erased["shown"] == (0, True), "without --yes nothing is removed"
    status, printed = erased["done"]
    assert status == 0, printed
    [listed] = re.findall("beside the warehouse: (.*)[.]\n", printed)
    assert {"home", "published", "subject-reports", "warehouse.dbt"} <= set(listed.split(", "))
    assert erased["email"] not in printed
    content, tables = erased["before"]
    assert erased["email"].encode() in content
    assert {"raw.activities", "marts.users", "intermediate.int_user_observations"} <= tables.keys()
    assert traces(path, words) == {}
    assert traces(path.parent / "published" / "compliance.duckdb", words) == {}
    published = path.parent / "published"
    assert len([one for one in published.iterdir() if one.name.startswith(".parquet-")]) == 1
    for one in path.parent.rglob("*"):
        if one.is_file() and "subject-reports" not in one.parts:
            assert erased["email"].encode() not in one.read_bytes(), one


def test_verification_passes_and_lists_the_removal(
    erased, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    assert command(monkeypatch, erased["path"], "verify") == 0
    assert re.search(
        r"^Erasure 1, .*: \d+ activities and \d+ revisions of \d+ day\(s\) removed by privacy office: request 17$",
        capsys.readouterr().out,
        re.M,
    )


def test_reading_everything_again_brings_nothing_back(
    erased, history: LocalFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Neither of the person nor of days that retention has taken since."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(erased["path"], path)
    before = datetime.now(UTC).date() - timedelta(days=200)
    request = {"kind": "retention", "requested_by": "records office", "reason": "200 days"}
    request["confirmation"] = issue(path, "retention", str(before))
    monkeypatch.setenv("RAW_DAYS", "200")
    job = build_defs(warehouse=Warehouse(database=str(path))).resolve_job_def("__ASSET_JOB")
    result = job.get_subset(asset_selection={REMOVALS}).execute_in_process(
        run_config={"ops": {"raw__removals": {"config": request}}}
    )
    [made] = result.asset_materializations_for_node("raw__removals")
    assert made.metadata["activities"].value > 500
    assert made.metadata["dagster/row_count"].value == 2
    source = source_of(history, name="compliance")
    [report] = read_all([source], path, bounds=ALL, is_reconcile=True).reports
    assert report.is_complete
    assert report.total("duplicate_count") > 500
    assert min(extract.time_slice.start.date() for extract in report.extracts) == before
    assert rows(path, f"select count(*) from raw.activities where created_at < '{before}'") == [(0,)]
    assert traces(path, (erased["user_id"], erased["email"])) == {}
    assert verify(path).findings == []


def test_the_tables_are_those_of_a_feed_without_these_records(erased, prepared: Path):
    path = prepared
    kept = [payload.encode() for (payload,) in rows(erased["path"], "select payload from raw.activities")]
    with LocalFeed(records=kept) as feed:
        assert refresh(source_of(feed, name="compliance"), path).is_complete
    build_models(path, path.with_suffix(".dbt"))
    differing = {}
    for mart in read_catalog(project.manifest_path).marts:
        if mart.name in OF_THE_READING:
            continue
        columns = ", ".join(f'"{name}"' for name in mart.column_names if name not in OF_THE_READING)
        statement = f"select {columns} from marts.{mart.name} order by all"
        if rows(path, statement) != rows(erased["path"], statement):
            differing[mart.name] = (rows(path, statement), rows(erased["path"], statement))
    assert differing.keys() == set()


def test_the_report_has_everything_on_the_person(erased, built: Built):
    assert erased["report"] == 0
    [directory] = (erased["path"].parent / "subject-reports").iterdir()
    files = {one.name: one.read_text() for one in directory.iterdir()}
    assert {directory.stat().st_mode & 0o777, *(one.stat().st_mode & 0o777 for one in directory.iterdir())} == {
        0o700, 0o600,
    }  # fmt: skip
    named = [
        (payload,)
        for (payload,) in rows(built[0], "select payload from raw.activities order by created_at, ingest_seq")
        if erased["email"].lower() in payload.lower() or erased["user_id"] in payload
    ]
    assert files["activities.jsonl"].splitlines() == [payload for (payload,) in named]
    assert len(files["activities.csv"].splitlines()) == len(named) + 1
    assert {"users.csv", "user_activity_daily.csv", "membership_changes.csv"} <= files.keys()
    assert f"`{erased['user_id']}`" in files["README.md"]
    assert erased["email"] not in directory.name


@pytest.mark.parametrize(
    ("job", "given", "sentence"),
    [
        ("erase", {"subject": "ada@example.com"}, "Name the person by user id"),
        ("erase", {"subject": "user_1", "reason": ""}, "State why"),
        ("retain", {}, "Set RAW_DAYS"),
        ("retain", {"kind": "all"}, "no removal of kind 'all'"),
        ("erase", {"subject": "user_1"}, "the confirmation is missing"),
        ("erase", {"subject": "user_1", "confirmation": "guess"}, "the confirmation is missing"),
    ],
)
def test_a_job_with_a_wrong_or_unconfirmed_request_removes_nothing(
    built: Built, job: str, given: dict[str, str], sentence: str
):
    kind = {"kind": "erasure" if job == "erase" else "retention", "requested_by": "x", "reason": "y"}
    result = run(job, built[0], {}, {"ops": {"raw__removals": {"config": kind | given}}})
    assert not result.success
    assert sentence in failure_of(result)
    assert "ada@example.com" not in failure_of(result)


def test_without_a_confirmation_retention_removes_nothing(built: Built):
    config = {"kind": "retention", "requested_by": "x", "reason": "y"}
    result = run("retain", built[0], {"RAW_DAYS": "31"}, {"ops": {"raw__removals": {"config": config}}})
    assert "the confirmation is missing" in failure_of(result)
    assert rows(built[0], "select count(*) from raw.removals") == [(0,)]


def test_retention_says_what_it_would_remove(built: Built, monkeypatch: pytest.MonkeyPatch, capsys):
    request = ("retain", "--by", "records office", "--why", "13 months")
    assert command(monkeypatch, built[0], *request) == 1
    monkeypatch.setenv("RAW_DAYS", "200")
    assert command(monkeypatch, built[0], *request) == 0
    said = capsys.readouterr()
    assert "Set RAW_DAYS" in said.err
    before = datetime.now(UTC).date() - timedelta(days=200)
    [(count,)] = rows(built[0], f"select count(*) from raw.activities where created_at < '{before}'")
    assert f"{count:,} activities would be removed" in said.out
    assert "Nothing was removed" in said.out
    [token] = re.findall("`kind: retention` with `confirmation: (.*?)`", said.out)
    redeem(built[0], token, "retention", str(before))
