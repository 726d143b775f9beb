"""Seals, verification and attestation through Dagster and the command line, on the one built warehouse."""

import json
import shutil
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.attestation.attest import attest, read_period
from orchestration.cli import main
from orchestration.definitions import build_defs
from orchestration.resources import Warehouse
from orchestration.verification.verify import CHECKS
from orchestration.warehouse.builds import newest_ingest_seq, record_build
from orchestration.warehouse.connection import open_warehouse
from tests.dbt_project.builds import build_models
from tests.end_to_end.conftest import run
from tests.end_to_end.test_refresh import failure_of
from tests.histories import FIRST_DAY, land_slice, record
from tests.rows import rows

Built = tuple[Path, dg.ExecuteInProcessResult]


def command(monkeypatch: pytest.MonkeyPatch, path: Path, *arguments: str) -> int:
    """Run one command of `python -m orchestration` on the warehouse, as the shell would."""
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(path.parent / "home"))
    monkeypatch.setattr("sys.argv", ["orchestration", *arguments])
    # As in a process of its own: Dagster keeps an instance that is gone in a context variable.
    return Context().run(main)


def test_a_refresh_seals_every_closed_day(built: Built):
    path, result = built
    [made] = result.asset_materializations_for_node("raw__day_seals")
    said = {name: value.value for name, value in made.metadata.items()}
    [(first, last, count)] = rows(path, "select min(sealed_date), max(sealed_date), count(*) from raw.day_seals")
    assert said["dagster/row_count"] == said["sealed"] == count == (last - first).days + 1
    assert last >= datetime.now(UTC).date() - timedelta(days=2)
    assert said["sealed again"] == 0
    assert 1 <= said["days waiting"] <= 2
    [newest] = rows(path, "select seal_sha256 from raw.day_seals order by seal_number desc limit 1")
    assert newest[0] in str(said["newest seals"])


def test_the_job_verify_passes_on_what_was_built_and_fails_on_what_was_changed(built: Built, tmp_path: Path):
    path, _ = built
    result = run("verify", path, {})
    assert result.success
    # The seals that Dagster's event log has are one check more.
    assert len(result.get_asset_check_evaluations()) == len(CHECKS) + 1
    assert all(one.passed for one in result.get_asset_check_evaluations())
    changed = tmp_path / "changed.duckdb"
    shutil.copyfile(path, changed)
    with duckdb.connect(str(changed)) as connection:
        [(day,)] = connection.execute(
            "delete from raw.activities where ingest_seq = (select max(ingest_seq) from raw.activities "
            "where created_at < (select max(sealed_date) from raw.day_seals)) returning created_at::date"
        ).fetchall()
    result = run("verify", changed, {})
    assert not result.success
    failed = {one.check_name for one in result.get_asset_check_evaluations() if not one.passed}
    assert failed == {"rows_match_the_ledger", "contents_match_the_ledger", "sealed_days_hold"}
    assert "3 check(s) found differences" in failure_of(result)
    [held] = [one for one in result.get_asset_check_evaluations() if one.check_name == "sealed_days_hold"]
    assert f"compliance {day} (version 1)" in held.metadata["first"].value


def test_seals_that_the_event_log_has_reported_are_looked_for(built: Built, tmp_path: Path):
    """Also a chain that was recomputed, or cut at its end, does not have them."""
    path, _ = tmp_path / "warehouse.duckdb", shutil.copyfile(built[0], tmp_path / "warehouse.duckdb")
    definitions = build_defs(warehouse=Warehouse(database=str(path)))
    with dg.DagsterInstance.ephemeral() as instance:
        jobs = [definitions.resolve_job_def(name) for name in ("verify", "__ASSET_JOB")]
        seal = jobs[1].get_subset(asset_selection={dg.AssetKey(["raw", "day_seals"])})
        result = seal.execute_in_process(instance=instance)
        assert result.success
        assert {one.asset_key.path[-1] for one in result.get_asset_check_evaluations()} == {"day_seals"}
        result = jobs[0].execute_in_process(instance=instance, raise_on_error=False)
        assert result.success
        [logged] = [
            one for one in result.get_asset_check_evaluations() if one.check_name == "logged_seals_are_there"
        ]
        assert logged.metadata["checked"].value == 1
        with duckdb.connect(str(path)) as connection:
            [(lost,)] = connection.execute(
                "delete from raw.day_seals where seal_number = (select max(seal_number) from raw.day_seals) "
                "returning seal_sha256"
            ).fetchall()
        result = jobs[0].execute_in_process(instance=instance, raise_on_error=False)
    assert [one.check_name for one in result.get_asset_check_evaluations() if not one.passed] == [
        "logged_seals_are_there"
    ]
    assert f"compliance seal {lost}: missing in the warehouse" in failure_of(result)


def test_the_job_attest_states_the_last_month(built: Built):
    path, _ = built
    result = run("attest", path, {})
    assert result.success
    [made] = result.asset_materializations_for_node("evidence__attestation")
    said = {name: value.value for name, value in made.metadata.items()}
    assert said["complete"] is True
    assert said["compliance: statement"].startswith(f"# Activities of `compliance`, {said['period']}")
    statement = json.loads(Path(said["compliance: file"]).read_text())
    [(count,)] = rows(
        path,
        f"select count(*) from raw.activities where created_at >= '{statement['period']['first_date']}' "
        f"and created_at::date <= '{statement['period']['last_date']}'",
    )
    assert statement["counts"]["activity_count"] == said["compliance: activities"] == count


SWITCHES = ("compliance_api_enabled", "compliance_api_logging_enabled")


def switched(name: str, organization: str, at: str, *, api: bool, logging: bool) -> dict[str, Any]:
    return {
        "id": name, "created_at": at, "organization_uuid": organization,
        "type": "org_compliance_api_settings_updated",
        "actor": {"type": "user_actor", "user_id": f"user_{organization}", "email_address": "ada@example.com"},
        "compliance_api_enabled": api, "compliance_api_logging_enabled": logging,
    }  # fmt: skip


def test_the_attestation_has_the_blind_spots_of_the_mart(prepared: Path, tmp_path: Path):
    """Also one of which only the end was seen, and two switches of which one stays off for longer."""
    path = prepared
    records = [
        switched("first", "org-1", "2026-02-10T10:00:00Z", api=True, logging=True),
        switched("a", "org-2", "2026-02-01T10:00:00Z", api=True, logging=True),
        switched("b", "org-2", "2026-03-01T10:00:00Z", api=False, logging=False),
        switched("c", "org-2", "2026-03-01T11:00:00Z", api=False, logging=True),
        switched("d", "org-2", "2026-03-02T10:00:00Z", api=True, logging=True),
        switched("e", "org-2", "2026-03-05T10:00:00Z", api=True, logging=False),
    ]
    with open_warehouse(path) as connection:
        land_slice(
            connection, *(json.dumps(one).encode() for one in records), start=datetime(2026, 2, 1, tzinfo=UTC)
        )
    build_models(path, tmp_path / "target", "--select", "+blind_spots")
    with open_warehouse(path) as connection:
        record_build(connection, "of this project", newest_ingest_seq(connection), 0)

    def attested(first: str, last: str) -> tuple[set[tuple], str | None, str]:
        [written] = attest(path, read_period(first, last), tmp_path)
        statement = json.loads(written.json.read_text())
        columns = ("organization", "switch", "off_activity_id", "on_activity_id")
        spots = {tuple(spot[name] for name in columns) for spot in statement["blind_spots"]}
        return spots, statement["blind_spots_remark"], written.markdown.read_text()

    api, logging = SWITCHES
    unseen = {("org-1", one, None, "first") for one in SWITCHES} | {("org-2", one, None, "a") for one in SWITCHES}
    later = {("org-2", logging, "b", "c"), ("org-2", api, "b", "d"), ("org-2", logging, "e", None)}
    spots, remark, text = attested("2026-02-01", "2026-03-31")
    assert spots == unseen | later
    assert spots == set(
        rows(
            path,
            "select organization_uuid, switch, switched_off_activity_id, switched_on_activity_id "
            "from marts.blind_spots",
        )
    )
    assert remark is None
    assert rf"- Organization org\-1, `{api}`: from an unknown time to 2026-02-10 10:00:00Z (`first`)." in text
    assert rf"- Organization org\-2, `{logging}`: from 2026-03-05 10:00:00Z (`e`) to now: it is still off." in text
    assert attested("2026-03-02", "2026-03-02")[0] == {("org-2", api, "b", "d")}
    with open_warehouse(path) as connection:
        land_slice(connection, record("later", FIRST_DAY))
    spots, remark, text = attested("2026-02-01", "2026-03-31")
    assert spots == unseen | later
    assert "stored after the tables were last built" in remark
    assert remark in text


def test_the_commands(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    path = tmp_path / "warehouse.duckdb"
    shutil.copyfile(built[0], path)
    seals = tmp_path / "seals.txt"
    assert command(monkeypatch, path, "seals", "--export", str(seals)) == 0
    assert command(monkeypatch, path, "verify", "--against", str(seals)) == 0
    said = capsys.readouterr()
    assert " a second." in said.out
    assert "Not yet sealed: " in said.out
    assert said.err == ""
    with duckdb.connect(str(path)) as connection:
        connection.execute("update raw.activities set payload = '{}' where ingest_seq <= 7")
        connection.execute(
            "delete from raw.day_seals where seal_number = (select max(seal_number) from raw.day_seals)"
        )
    assert command(monkeypatch, path, "verify", "--against", str(seals)) == 1
    said = capsys.readouterr()
    assert "activities: payload_hashes_hold: 7 differ. First: compliance activity_" in said.err
    assert "day_seals: kept_seals_are_there: 1 differ. First: compliance seal " in said.err
    assert command(monkeypatch, path, "verify", "--against", str(tmp_path / "none.txt")) == 1
    assert command(monkeypatch, tmp_path / "none.duckdb", "verify") == 1
    assert command(monkeypatch, path, "attest", "--from", "2026-02-30", "--to", "2026-03-01") == 1
    errors = capsys.readouterr().err.splitlines()
    for word, error in zip(("none.txt", "make refresh", "not a period"), errors, strict=True):
        assert word in error
    assert command(monkeypatch, path, "attest", "--from", "2026-02-01", "--to", "2026-02-28",
                   "--output", str(tmp_path / "out")) == 0  # fmt: skip
    assert "complete" in capsys.readouterr().out
    assert len(list((tmp_path / "out").iterdir())) == 2
