"""A key is nowhere in what a run leaves or says, however loudly the feed repeats it; nor is that of pseudonyms."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import duckdb

from local_feed import LocalFeed
from orchestration.config.settings import ROOT
from tests.end_to_end.conftest import environment_of

# Its own characters, so that no other text contains it, and such as are encoded in a URL.
KEY = "sk-ant-api01-Gr3pFor+Me/Everywhere="
PSEUDONYM_KEY = "Ps3udonym+Key/That=NobodyMayEverFind"


def forms(key: str) -> list[bytes]:
    """The key as it is, in a URL, in base64 wherever it begins, and in hexadecimal digits."""
    padded = [base64.b64encode(b" " * offset + key.encode())[4 * bool(offset) : -4] for offset in range(3)]
    return [key.encode(), quote(key, safe="").encode(), key.encode().hex().encode(), *padded]


def files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.rglob("*") if path.is_file())


def texts(database: Path) -> Iterator[tuple[str, str, str]]:
    """Every column of text of a database, for the engine compresses what a search through bytes looks for."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return iter(
            connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() "
                "where not internal and data_type in ('VARCHAR', 'VARCHAR[]', 'JSON')"
            ).fetchall()
        )


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_a_key_is_in_nothing_that_a_run_leaves(tmp_path: Path):
    place, secret, pseudonyms = tmp_path / "place", tmp_path / "secret", tmp_path / "pseudonyms"
    secret.write_text(f"{KEY}\n")
    pseudonyms.write_text(PSEUDONYM_KEY)
    actor = {"type": "user_actor", "user_id": "user_1", "email_address": "ada@example.com"}
    now = datetime.now(UTC)
    records = [
        {
            "id": f"activity_{n}",
            "created_at": (now - timedelta(hours=9 * n)).isoformat(),
            "type": "x",
            "actor": actor,
        }
        for n in range(12)
    ]
    echo = json.dumps({"error": {"type": KEY, "message": f"bad {KEY} {quote(KEY, safe='')}"}})
    loud = {"content-type": KEY, "location": f"http://127.0.0.1/{KEY}"}
    with LocalFeed(records=records, key=KEY) as feed:
        # Days are read again, so that each of the last two faults meets a slice of its own.
        named = environment_of(feed, ANTHROPIC_COMPLIANCE_ACCESS_KEY_FILE=str(secret), FEED_OVERLAP_MINUTES="3000")
        named |= {"WAREHOUSE_PATH": str(place / "w.duckdb"), "PUBLISHED_PATH": str(place / "published")}
        named |= {"DAGSTER_HOME": str(place / "home"), "ANTHROPIC_COMPLIANCE_ACCESS_KEY": ""}
        named |= {"PSEUDONYM_KEY_FILE": str(pseudonyms), "PSEUDONYM_KEY": "", "PUBLISHED_GENERAL_PATH": ""}
        named |= {"ARCHIVE_PATH": str(place / "archive")}
        environment = os.environ | named | {"ANTHROPIC_ADMIN_KEY": "", "PUBLISH_POSTGRES_URL": ""}
        feed.faults.add("body", status=503, body=echo, headers=loud, skip=1)
        feed.faults.add("body", status=200, body="{", headers=loud, skip=3)
        good = run(environment, "refresh")
        feed.faults.clear()
        feed.faults.add("body", status=422, body=echo, headers=loud)
        refused = run(environment, "refresh")
        feed.faults.clear()
        feed.faults.add("body", status=302, body=echo, headers=loud | {"request-id": KEY}, times=0)
        echoed = run(environment, "refresh")
    day = f"{now - timedelta(days=3):%Y-%m-%d}"
    attested = run(environment, "attest", "--from", day, "--to", day)
    runs = (good, refused, echoed, attested)
    assert [one.returncode for one in runs] == [0, 1, 1, 0]
    assert "[key]" in refused.stderr
    assert "sends the key back in a request-id" in echoed.stderr
    general = place / "published-general" / "compliance.duckdb"
    said = "".join(one.stdout + one.stderr for one in runs).encode()
    found = {path.name for path in files(place)}
    assert {"w.duckdb", "dbt.log", "manifest.json", "compliance.duckdb", "runs.db", "part-0001.parquet"} <= found
    assert any(name.startswith("attestation") for name in found)
    for form in forms(KEY) + forms(PSEUDONYM_KEY):
        assert form not in said
        assert [path for path in files(place) if form in path.read_bytes()] == []
    for database in (place / "w.duckdb", place / "published" / "compliance.duckdb", general):
        with duckdb.connect(str(database), read_only=True) as connection:
            for schema, table, column in texts(database):
                [(count,)] = connection.execute(
                    f'select count(*) from {schema}.{table} where contains(cast("{column}" as varchar), $1) '
                    f'or contains(cast("{column}" as varchar), $2)',
                    [KEY[:20], PSEUDONYM_KEY[:20]],
                ).fetchall()
                assert not count, (schema, table, column)
