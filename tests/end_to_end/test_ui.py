"""The UI that `make ui` starts, over real HTTP: it works, and what pages of other sites send changes nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import httpx
import pytest
import yaml
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from orchestration.config.settings import ROOT

# One worker starts the UI once.
pytestmark = pytest.mark.xdist_group("ui")

MUTATION = "mutation { setNuxSeen }"
QUERY = {"query": "{ version }"}
ELSEWHERE = "http://evil.example"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("ui")
    environment = os.environ | {
        "WAREHOUSE_PATH": str(directory / "warehouse.duckdb"),
        "PUBLISHED_PATH": str(directory / "published"),
        "DAGSTER_HOME": str(directory / "home"),
        "FEED_SOURCES": "",
        "UI_HOSTS": "warehouse.example",
    }
    command = [sys.executable, "-m", "orchestration", "ui", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = next(filter(None, (re.search(r"UI is on (http://[0-9.:]+)", line) for line in process.stdout)))
            yield found[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/graphql?query={MUTATION}", {}, 405),
        ("GET", f"/graphql/?query={MUTATION}", {}, 405),
        ("GET", f"/%67raphql?query={MUTATION}", {}, 405),
        ("HEAD", f"/graphql?query={MUTATION}", {}, 405),
        ("POST", f"/graphql?query={MUTATION}", {}, 415),
        ("POST", f"/graphql?query={MUTATION}", {"content-type": "text/plain"}, 415),
        ("POST", "/graphql", {"content-type": "text/plain; a=application/json"}, 415),
        ("POST", "/graphql", {"content-type": "application/json", "origin": ELSEWHERE}, 403),
        ("POST", "/graphql", {"content-type": "application/json", "origin": "null"}, 403),
        ("POST", "/graphql", {"content-type": "application/json", "origin": "http://127.0.0.1:1"}, 403),
        ("POST", "/graphql", {"content-type": "application/json", "host": "evil.example"}, 421),
        ("POST", "/graphql", {"content-type": "application/json", "host": "127.0.0.1.evil.example"}, 421),
        ("POST", "/graphql", {"content-type": "application/json", "host": "evil.example@127.0.0.1"}, 421),
        ("POST", "/graphql", {"content-type": "application/json", "sec-fetch-site": "same-site"}, 403),
        ("POST", "/report_asset_materialization/a", {"origin": ELSEWHERE}, 403),
        ("GET", "/", {"host": "evil.example"}, 421),
        (
            "GET",
            "/",
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
            403,
        ),
    ],
)
def test_what_another_page_can_send_is_refused(url: str, method: str, path: str, headers: dict, status: int):
    body = json.dumps({"query": MUTATION}) if method == "POST" else None
    answer = httpx.request(method, f"{url}{path}", headers=headers, content=body, trust_env=False)
    assert answer.status_code == status
    assert "data" not in answer.text


def test_the_ui_itself_works(url: str):
    port = url.rpartition(":")[2]
    for host, origin in (
        (f"127.0.0.1:{port}", url),
        (f"localhost:{port}", f"http://localhost:{port}"),
        ("warehouse.example", "https://warehouse.example"),
    ):
        answer = httpx.post(
            f"{url}/graphql", json=QUERY, headers={"host": host, "origin": origin}, trust_env=False
        )
        assert answer.json()["data"]["version"], host
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    page = httpx.get(f"{url}/runs", headers=visit, trust_env=False)
    assert (page.status_code, page.headers["x-frame-options"]) == (200, "DENY")


def test_the_code_location_has_one_name(url: str):
    """Dagster stores the state of schedules under this name."""
    [location] = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    name = location["python_module"]["location_name"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    query = {"query": "{ workspaceOrError { ... on Workspace { locationEntries { name } } } }"}
    answer = httpx.post(f"{url}/graphql", json=query, trust_env=False).json()
    assert [entry["name"] for entry in answer["data"]["workspaceOrError"]["locationEntries"]] == [name]
    assert project["code_location_name"] == name


def test_live_views_work_for_our_pages_alone(url: str):
    address = url.replace("http", "ws") + "/graphql"
    with connect(address, origin=url, subprotocols=["graphql-ws"], proxy=None) as socket:
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv())["type"] == "connection_ack"
    with pytest.raises(InvalidStatus), connect(address, origin=ELSEWHERE, subprotocols=["graphql-ws"], proxy=None):
        pass
