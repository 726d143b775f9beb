"""A key is nowhere in what a run leaves or says, however loudly the feed repeats it; nor is that of pseudonyms."""

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from local_feed import LocalFeed
from tests.end_to_end.conftest import environment_of
from tests.end_to_end.test_evidence import command
from tests.manifests import parsed_runner

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


def faults(source: str, key: str) -> list[dict[str, Any]]:
    """Faults of a feed that repeats the key: the first source survives them, the others do not."""
    echo = json.dumps({"error": {"type": key, "message": f"bad {key} {quote(key, safe='')}"}})
    loud = {"content-type": key, "location": f"http://127.0.0.1/{key}"}
    return {
        "survives": [
            {"status": 503, "body": echo, "headers": loud, "skip": 1},
            {"status": 200, "body": "{", "headers": loud, "skip": 3},
        ],
        "refused": [{"status": 422, "body": echo, "headers": loud}],
        "echoed": [{"status": 302, "body": echo, "headers": loud | {"request-id": key}, "times": 0}],
    }[source]


def test_a_key_is_in_nothing_that_a_run_leaves(
    curated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    place, sources, pseudonyms = tmp_path / "place", tmp_path / "sources.toml", tmp_path / "pseudonyms"
    place.mkdir()
    shutil.copy(curated, place)
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
    named, tables = {}, []
    with ExitStack() as stack:
        for number, name in enumerate(["survives", "refused", "echoed"]):
            key, secret = f"{KEY}{number}", tmp_path / name
            secret.write_text(f"{key}\n")
            feed = stack.enter_context(LocalFeed(records=records, key=key))
            for fault in faults(name, key):
                feed.faults.add("body", **fault)
            named |= environment_of(feed) | {f"KEY_{number}_FILE": str(secret), f"KEY_{number}": ""}
            tables.append(f'[sources.{name}]\nkey_variable = "KEY_{number}"\nurl = "{feed.url}"\n')
        sources.write_text("".join(tables))
        named |= {"FEED_SOURCES": str(sources), "ANTHROPIC_COMPLIANCE_ACCESS_KEY": "", "ANTHROPIC_ADMIN_KEY": ""}
        named |= {"WAREHOUSE_PATH": str(place / "warehouse.duckdb"), "PUBLISHED_PATH": str(place / "published")}
        named |= {"PSEUDONYM_KEY_FILE": str(pseudonyms), "PSEUDONYM_KEY": "", "PUBLISHED_GENERAL_PATH": ""}
        named |= {"DAGSTER_HOME": str(place / "home"), "ARCHIVE_PATH": str(place / "archive")}
        for name, value in (named | {"PUBLISH_POSTGRES_URL": ""}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("orchestration.assets.dbt_run.dbtRunner", parsed_runner)
        status = command(monkeypatch, place / "warehouse.duckdb", "refresh")
        done = capsys.readouterr()
    day = f"{now - timedelta(days=3):%Y-%m-%d}"
    assert command(monkeypatch, place / "warehouse.duckdb", "attest", "--from", day, "--to", day) == 0
    attested = capsys.readouterr()
    assert status == 1
    assert "[key]" in done.err
    assert "sends the key back in a request-id" in done.err
    general = place / "published-general" / "compliance.duckdb"
    said = "".join([done.out, done.err, attested.out, attested.err]).encode()
    found = {path.name for path in files(place)}
    assert {
        "warehouse.duckdb",
        "dbt.log",
        "manifest.json",
        "compliance.duckdb",
        "runs.db",
        "part-0001.parquet",
    } <= found
    assert any(name.startswith("attestation") for name in found)
    for form in forms(KEY) + forms(PSEUDONYM_KEY):
        assert form not in said
        assert [path for path in files(place) if form in path.read_bytes()] == []
    for database in (place / "warehouse.duckdb", place / "published" / "compliance.duckdb", general):
        with duckdb.connect(str(database), read_only=True) as connection:
            for schema, table, column in texts(database):
                [(count,)] = connection.execute(
                    f'select count(*) from {schema}.{table} where contains(cast("{column}" as varchar), $1) '
                    f'or contains(cast("{column}" as varchar), $2)',
                    [KEY[:20], PSEUDONYM_KEY[:20]],
                ).fetchall()
                assert not count, (schema, table, column)
