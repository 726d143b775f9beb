"""`make test-bi`: every dashboard in a browser, on a fresh Superset with the demo's published file.

Not part of `make test`: it needs the environment .venv-bi, Chromium, and about three minutes.
"""

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
# What a chosen filter value adds to the URL, in Rison.
MAY = "extraFormData:(time_range:'2026-05-01 : 2026-06-01'),filterState:(value:'2026-05-01 : 2026-06-01')"
EVER = "extraFormData:(time_range:'No filter'),filterState:(value:'No filter')"
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
    """The home of a Superset that was set up, then updated as by a second `make bi`."""
    assert Path(CHROMIUM).exists(), "Chromium is needed: apt-get install chromium"
    home = tmp_path_factory.mktemp("superset")
    assert prepare(home, published) == prepare(home, published)
    return home


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """The URL of the running Superset."""
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


def test_secrets_are_readable_only_by_their_owner(home: Path):
    for name in ("secret_key", "password"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
        assert len((home / name).read_text()) >= 32


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.slug)
def test_a_dashboard_shows_all_of_its_charts(signed_in: Visitor, dashboard: Dashboard):
    view = signed_in.look_at(dashboard.slug)
    assert view.chart_names == sorted(chart.name for chart in dashboard.charts)
    assert view.errors == []
    assert view.empty == []
    assert signed_in.failures == []
    signed_in.picture(PICTURES / f"superset-{dashboard.slug.removeprefix('compliance-')}.png")


def chosen(name: str, state: str) -> str:
    """The filter with a chosen value, as in a dashboard's URL."""
    return f"(NATIVE_FILTER-{name}:(id:NATIVE_FILTER-{name},ownState:(),{state}))"


def test_the_filters_apply(signed_in: Visitor):
    everything = signed_in.number_of("compliance-overview", "Activities")
    # The page opens with the last year.
    always = signed_in.number_of("compliance-overview", "Activities", chosen("time", EVER))
    one_month = signed_in.number_of("compliance-overview", "Activities", chosen("time", MAY))
    one_person = signed_in.number_of("compliance-overview", "Activities", chosen("person", BRUNO))
    assert 0 < one_month < everything < always
    assert 0 < one_person < everything


def test_a_click_on_a_finding_shows_its_evidence(signed_in: Visitor):
    signed_in.look_at("compliance-findings")
    every = signed_in.cells("Evidence of open findings", 0)
    assert len(set(every)) > 1
    [finding, *_] = [one for one in signed_in.cells("The findings", 0) if one in every]
    signed_in.click("The findings", finding)
    assert set(signed_in.cells("Evidence of open findings", 0)) == {finding}


def test_a_new_edition_shows_at_the_next_request(signed_in: Visitor, published: Path):
    before = signed_in.number_of("compliance-findings", "Findings")
    edition = published.with_name("next.duckdb")
    shutil.copy(PUBLISHED, edition)
    with duckdb.connect(str(edition)) as connection:
        first = (
            "select min(finding_id) from marts.findings where occurred_at between '2026-05-01' and '2026-09-01'"
        )
        connection.execute(f"delete from marts.findings where finding_id = ({first})")
    # As publishing does it while Superset reads.
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


def test_the_browser_contacted_no_other_host(signed_in: Visitor):
    assert signed_in.foreign_urls == []


def test_without_signing_in_nothing_is_shown(address: str):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/api/v1/dashboard/compliance-overview/charts", timeout=30)
    assert refused.value.code in (401, 403, 404)
