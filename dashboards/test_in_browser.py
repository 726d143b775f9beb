"""`make test-bi`: a fresh Superset on the demo's published file, and every dashboard as a browser shows it.

Not part of `make test`: it needs the environment .venv-bi, Chromium, and about three minutes.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dashboards.__main__ import HOST, server_command
from dashboards.browser import CHROMIUM, Visitor, visitor
from dashboards.definitions import Dashboard, read_definitions
from dashboards.setup import ROOT, USER, environment_of, prepare

PUBLISHED = ROOT / "data" / "demo-published" / "compliance.duckdb"
PICTURES = ROOT / "docs" / "images"
DASHBOARDS = read_definitions().dashboards
START_SECONDS = 120
# What choosing a value in a filter puts into the address, and what it asks of the charts.
MAY = "extraFormData:(time_range:'2026-05-01 : 2026-06-01'),filterState:(value:'2026-05-01 : 2026-06-01')"
BRUNO = (
    "extraFormData:(filters:!((col:person,op:IN,val:!('bruno@meridian.example')))),"
    "filterState:(value:!('bruno@meridian.example'))"
)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's published file."""
    assert PUBLISHED.exists(), "The demo's published file is needed: make demo"
    return Path(shutil.copy(PUBLISHED, tmp_path_factory.mktemp("published")))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, published: Path) -> Path:
    """The home of a Superset that was set up once, and renewed as a second `make bi` does."""
    assert Path(CHROMIUM).exists(), "Chromium is needed: apt-get install chromium"
    home = tmp_path_factory.mktemp("superset")
    assert prepare(home, published) == prepare(home, published)
    return home


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """The address at which it is served."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(server_command(port), cwd=ROOT, env=environment_of(home), stdout=log, stderr=log)
        try:
            _wait_for(f"http://{HOST}:{port}/health", server)
            yield f"http://{HOST}:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        assert server.poll() is None, "Superset ended while it started."
        assert time.monotonic() < end, "Superset did not start."
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.5)


@pytest.fixture(scope="session")
def signed_in(home: Path, address: str) -> Iterator[Visitor]:
    """A browser in which the local user is signed in."""
    with visitor(address) as one:
        one.sign_in(USER, (home / "password").read_text())
        yield one


def test_its_secrets_are_its_owners_alone(home: Path):
    for name in ("secret_key", "password"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
        assert len((home / name).read_text()) >= 32


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.slug)
def test_a_dashboard_shows_all_of_its_charts(signed_in: Visitor, dashboard: Dashboard):
    sight = signed_in.look_at(dashboard.slug)
    assert sight.chart_names == sorted(chart.name for chart in dashboard.charts)
    assert sight.errors == []
    assert sight.empty == []
    assert signed_in.failures == []
    signed_in.picture(PICTURES / f"superset-{dashboard.slug.removeprefix('compliance-')}.png")


def chosen(name: str, state: str) -> str:
    """The filter of that name with a value chosen, as it stands in a dashboard's address."""
    return f"(NATIVE_FILTER-{name}:(id:NATIVE_FILTER-{name},ownState:(),{state}))"


def test_the_filters_take_hold(signed_in: Visitor):
    everything = signed_in.number_of("compliance-overview", "Activities")
    one_month = signed_in.number_of("compliance-overview", "Activities", chosen("time", MAY))
    one_person = signed_in.number_of("compliance-overview", "Activities", chosen("person", BRUNO))
    assert 0 < one_month < everything
    assert 0 < one_person < everything


def test_a_new_edition_shows_at_the_next_look(signed_in: Visitor, published: Path):
    before = signed_in.number_of("compliance-findings", "Findings")
    edition = published.with_name("next.duckdb")
    shutil.copy(PUBLISHED, edition)
    with duckdb.connect(str(edition)) as connection:
        first = "select min(finding_id) from marts.findings"
        connection.execute(f"delete from marts.findings where finding_id = ({first})")
    # As publishing does it, under a Superset that reads.
    os.replace(edition, published)
    assert signed_in.number_of("compliance-findings", "Findings") == before - 1


def test_sql_reads_the_marts_and_nothing_else(signed_in: Visitor, published: Path):
    counting = "select count(*) as user_count from marts.users"
    with duckdb.connect(str(published), read_only=True) as connection:
        [(users,)] = connection.execute(counting).fetchall()
    assert f'"user_count": {users}' in signed_in.ask(counting)
    for elsewhere in ("read_csv('/etc/passwd')", f"'{published.with_name('other.duckdb')}'"):
        assert "file system operations are disabled" in signed_in.ask(f"select * from {elsewhere}")
    assert "configuration has been locked" in signed_in.ask("set enable_external_access = true")
    assert "DML_NOT_ALLOWED" in signed_in.ask("delete from marts.users")


def test_the_browser_asked_nobody_else(signed_in: Visitor):
    assert signed_in.strangers == []


def test_who_is_not_signed_in_sees_nothing(address: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/api/v1/dashboard/compliance-overview/charts", timeout=30)
    assert refused.value.code in (401, 403, 404)
