"""Prepares Superset for serving: its home, its secrets, and the imported bundle."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import duckdb
from dotenv import dotenv_values

from dashboards.bundle import column_types, files
from dashboards.definitions import HERE, read_definitions

ROOT = HERE.parent
USER = "analyst"


class SetupError(Exception):
    """Superset cannot be set up. The message says what to do."""


def prepare(home: Path, published: Path) -> dict[str, str]:
    """Set up or update the Superset in `home` on the published file. Returns the environment to serve it with.

    Raises:
        SetupError: there is no published file, the charts do not fit it, or Superset does not start.
    """
    contents = bundle_of(published, f"duckdb:///{published}", "assets")
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    make_secret(home / "secret_key")
    password = make_secret(home / "password")
    environment = environment_of(home)
    request = json.dumps({"files": contents, "user": USER, "password": password})
    log = home / "setup.log"
    with log.open("w") as output:
        process = subprocess.run(
            [sys.executable, "-m", "dashboards.renew"],
            cwd=ROOT, env=environment, input=request, text=True, stdout=output, stderr=output,
        )  # fmt: skip
    if process.returncode:
        raise SetupError(f"Superset could not be set up. See {log}. To start over, remove {home}.")
    return environment


def environment_of(home: Path) -> dict[str, str]:
    """The environment for Superset: its settings, without our keys."""
    secret_prefixes = ("ANTHROPIC_", "PSEUDONYM_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(secret_prefixes)}
    return inherited | {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SCARF_ANALYTICS": "false",
    }


def published_file() -> Path:
    """The published file in the `PUBLISHED_PATH` of the environment or of `.env`."""
    directory = os.environ.get("PUBLISHED_PATH") or dotenv_values(ROOT / ".env").get("PUBLISHED_PATH")
    return ROOT / (directory or "published") / "compliance.duckdb"


def bundle_of(published: Path, uri: str, of_type: str) -> dict[str, str]:
    """The bundle's files for the database at `uri`, with the columns of the published file.

    Raises:
        SetupError: there is no published file, or the charts do not fit it.
    """
    if not published.is_file():
        raise SetupError(
            f"There is no published file at {published}. Run `make refresh`; or `make demo`, and this again with "
            "PUBLISHED_PATH=data/demo-published."
        )
    definitions = read_definitions()
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return files(definitions, column_types(definitions, connection), uri, of_type)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise SetupError(
            f"{published} does not fit the charts ({first}). Publish it again: `make refresh`."
        ) from error


def make_secret(path: Path) -> str:
    """The secret in the file. Creates it if missing, readable only by its owner."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()
