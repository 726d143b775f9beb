"""`python -m local_feed`: prints its URL, serves, and ends when it should."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local_feed import ADMIN_KEY, DIRECTORY_KEY

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(cache):
    return [
        sys.executable,
        "-m",
        "local_feed",
        "--activities",
        "1000",
        "--seed",
        "7",
        "--cache",
        str(cache),
        "--print-url",
    ]


def read(url, key="sk-ant-api01-local-feed"):
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return httpx.get(f"{url}/v1/compliance/activities", headers=headers, params={"limit": 5000})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_stops_at_a_signal(command, number):
    process = subprocess.Popen([*command, "--key", "other"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        url = line.split()[-1]
        response = read(url, "other")
        assert len(response.json()["data"]) == 1_000
        assert response.headers["anthropic-ratelimit-requests-limit"] == "600"
        assert read(url).status_code == 401
        process.send_signal(number)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_ends_with_its_parent(command):
    script = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *command, "--exit-with-parent"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        url = parent.stdout.readline().split()[-1]
        assert read(url).status_code == 200
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            read(url)
        except httpx.TransportError:
            return
        time.sleep(0.05)
    pytest.fail("still serving after its parent is gone")


@pytest.mark.parametrize("wrong", [["--activities", "10"], ["--host", "203.0.113.1"], ["--rate", "0"]])
def test_it_reports_in_one_sentence_why_it_cannot_start(command, wrong):
    done = subprocess.run([*command, *wrong], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.parametrize(
    ("options", "groups", "admin_statuses"),
    [
        ([], None, [404, 404]),
        (["--directory", "--admin-requests-per-minute", "1"], 3, [200, 429]),
        (["--big-directory", "--admin-requests-per-minute", "0"], 200, [200, 200]),
    ],
)
def test_it_serves_a_directory_if_asked(command, options, groups, admin_statuses):
    process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().split()[-1]
        headers = {"x-api-key": DIRECTORY_KEY, "anthropic-version": "2023-06-01"}
        response = httpx.get(f"{url}/v1/compliance/groups", headers=headers)
        assert (len(response.json()["data"]) if response.status_code == 200 else None) == groups
        statuses = [
            httpx.get(f"{url}/v1/organizations/me", headers=headers | {"x-api-key": ADMIN_KEY}).status_code
            for _ in range(2)
        ]
        assert statuses == admin_statuses
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
