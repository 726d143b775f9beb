"""A PostgreSQL server for the tests, from the system's binaries, reachable only through a socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from pydantic import SecretStr

PASSWORD = "s3cret-of-the-test"


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[4]))
    return Path(found).parent if found else versions[-1].parent if versions else None


def _user() -> str | None:
    """The server refuses to run as root, so it then runs as an unprivileged user."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The query part of a URL that reaches the server."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("No PostgreSQL server is installed (Debian: apt-get install postgresql).")
    user = _user()
    home = Path(tempfile.mkdtemp(prefix="compliance-pg-"))
    if user:
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    (home / "password").write_text(PASSWORD)
    (home / "password").chmod(0o644)

    def run(*command: str) -> None:
        subprocess.run(
            [binaries / command[0], *command[1:]], user=user, cwd=home, check=True, stdout=subprocess.DEVNULL
        )

    try:
        run("initdb", "-D", f"{home}/data", "-U", "admin", "-A", "scram-sha-256", "--pwfile", f"{home}/password",
            "-E", "UTF8", "--locale", "C", "--no-sync")  # fmt: skip
        options = f"-k {home} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", f"{home}/data", "-o", options, "-l", f"{home}/log", "-w", "start")
        try:
            yield f"host={home}"
        finally:
            run("pg_ctl", "-D", f"{home}/data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home)


@pytest.fixture
def url(server: str) -> SecretStr:
    """The URL of an empty database."""
    name = f"db_{uuid4().hex[:8]}"
    with psycopg.connect(f"postgresql://admin:{PASSWORD}@/postgres?{server}", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return SecretStr(f"postgresql://admin:{PASSWORD}@/{name}?{server}")


@pytest.fixture
def ask(url: SecretStr) -> Callable[..., list[tuple]]:
    """Rows of a query on that database."""

    def run(query: str) -> list[tuple]:
        with psycopg.connect(url.get_secret_value()) as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    return run
