"""The measured tasks, one per process: `python -m benchmarks.tasks NAME …`. Each prints one JSON object."""

import http.client
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

import duckdb
import msgspec
from pydantic import SecretStr

from benchmarks.children import ROOT
from benchmarks.history import resize
from benchmarks.queries import QUERIES
from local_feed.options import COMPLIANCE_KEY
from orchestration.api.body import Page
from orchestration.api.client import API_VERSION
from orchestration.api.feed import FEED
from orchestration.config.sources import Source
from orchestration.ingest.run import refresh
from orchestration.project_files import project_sha256
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.marts import read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import general, restricted
from orchestration.warehouse.builds import newest_ingest_seq, record_build
from orchestration.warehouse.connection import open_warehouse

UNLIMITED = "1000000000"
HEADERS = {"x-api-key": COMPLIANCE_KEY, "anthropic-version": API_VERSION}

# All columns, which takes two passes over the file: a sample would miss fields.
_READ_JSON = """
create table activities as
from read_json(?, format = 'newline_delimited', sample_size = -1)
"""
# The minimum: the columns of every activity, and the record itself with the product's compression, but no hash, no
# deduplication, no ledger.
_READ_ENVELOPES = """
create table activities (
    id varchar using compression zstd, created_at timestamp, type varchar, organization_id varchar,
    organization_uuid varchar, actor struct(type varchar), payload varchar using compression zstd
);
insert into activities
select
    envelope.*,
    json::varchar as payload
from (
    select
        json,
        json_transform(json, '{"id": "VARCHAR", "created_at": "TIMESTAMP", "type": "VARCHAR",
        "organization_id": "VARCHAR", "organization_uuid": "VARCHAR", "actor": {"type": "VARCHAR"}}') as envelope
    from read_json_objects(?, format = 'newline_delimited')
)
"""


def land(
    url: str, path: str, settle: str = "0", days: str = "0", concurrency: str = "4", per_minute: str = UNLIMITED
) -> dict[str, int]:
    """The product: one refresh. `settle`: seconds that stay unread; `days`: how far back to read (0: no limit)."""
    source = Source(
        name="compliance",
        url=url,
        key=SecretStr(COMPLIANCE_KEY),
        start=datetime.now(UTC) - timedelta(days=int(days)) if int(days) else None,
        settle=timedelta(seconds=float(settle)),
        requests_per_minute=int(per_minute),
        concurrency=int(concurrency),
    )
    report = refresh(source, Path(path))
    if not report.is_complete:
        raise SystemExit(report.describe_failures())
    return {
        "activities": report.total("inserted_count"),
        "requests": report.request_count,
        "file_bytes": Path(path).stat().st_size,
    }


def make_history(origin: str, path: str, keep_every: str, copies: str) -> dict[str, int]:
    """Make a warehouse of another size. A task, because children inherit the peak memory of their parent."""
    resize(Path(origin), Path(path), int(keep_every), int(copies))
    return {"file_bytes": Path(path).stat().st_size}


def download(url: str) -> dict[str, int]:
    """The lower bound: read every page and discard it."""
    return {"bytes": sum(map(len, _pages(url)))}


def save(url: str, path: str) -> dict[str, int]:
    """Save the records to a file, one per line, for `read_json`."""
    count = size = 0
    with Path(path).open("wb") as file:
        for page in _pages(url):
            for record in msgspec.json.decode(page, type=Page).data:
                # Some records span several lines; a line break in JSON is white space.
                file.write(bytes(record).replace(b"\n", b" "))
                file.write(b"\n")
                count, size = count + 1, size + memoryview(record).nbytes
    return {"activities": count, "bytes": size}


def read_json(records: str, path: str) -> dict[str, int]:
    """Only DuckDB: the same bytes from a local file, without HTTP, hashes and deduplication."""
    return _load(_READ_JSON, records, path)


def read_envelopes(records: str, path: str) -> dict[str, int]:
    """Only DuckDB, reading no more than the envelope."""
    return _load(_READ_ENVELOPES, records, path)


def _load(statements: str, records: str, path: str) -> dict[str, int]:
    *before, last = statements.split(";")
    with duckdb.connect(path) as connection:
        connection.execute("set preserve_insertion_order = false")
        for statement in before:
            connection.execute(statement)
        connection.execute(last, [records])
        [(count,)] = connection.execute("select count(*) from activities").fetchall()
    return {"activities": count, "file_bytes": Path(path).stat().st_size}


def note_build(path: str) -> dict[str, int]:
    """Record a finished dbt build, as a refresh does."""
    with open_warehouse(Path(path)) as connection:
        newest = newest_ingest_seq(connection)
        record_build(connection, project_sha256(ROOT / "dbt_project"), newest, 0)
    return {"ingest_seq": newest}


def publish(path: str) -> dict[str, int]:
    """Publish both sets beside the warehouse, as DuckDB file and as Parquet, as a refresh does."""
    catalog = read_catalog(ROOT / "dbt_project/target/manifest.json")
    directory = Path(path).with_suffix(".published")
    pseudonyms = Pseudonyms(SecretStr("of the benchmarks"))
    for one in (restricted(catalog, directory), general(catalog, pseudonyms, directory / "general")):
        with open_warehouse(Path(path)) as connection:
            edition = read_edition(connection, one)
            publish_database(connection, one, edition)
            publish_parquet(connection, one, edition)
    return {"file_bytes": sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())}


def query(path: str) -> dict[str, dict[str, float]]:
    """Run the typical queries on the built marts. Returns the seconds of each, the faster of two runs."""
    seconds = {}
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, statement in QUERIES.items():
            took = []
            for _ in range(2):
                began = time.monotonic()
                connection.execute(statement).fetchall()
                took.append(time.monotonic() - began)
            seconds[name] = min(took)
    return {"queries": seconds}


def _pages(url: str) -> Iterator[bytes]:
    """All pages of the feed, newest first, by a minimal client."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    cursor = ""
    while True:
        connection.request("GET", f"{FEED.path}?limit=5000{cursor}", headers=HEADERS)
        body = connection.getresponse().read()
        yield body
        # The envelope's last part is short; the records need not be parsed to find the cursor.
        tail = json.loads(b"{" + body[body.rindex(b'"has_more"') :])
        if not tail["has_more"]:
            return
        cursor = f"&after_id={quote(tail['last_id'])}"


if __name__ == "__main__":
    tasks = {
        "land": land,
        "resize": make_history,
        "note": note_build,
        "publish": publish,
        "query": query,
        "download": download,
        "save": save,
        "read_json": read_json,
        "read_envelopes": read_envelopes,
    }
    task = tasks[sys.argv[1]]
    began = time.monotonic()
    result = task(*sys.argv[2:])
    print(json.dumps({"seconds": time.monotonic() - began, **result}))
