"""The same work done with dlt: `.venv-bench/bin/python benchmarks/with_dlt.py HOW DISPOSITION URL PATH`.

`rest_api` is dlt's own source with the settings that its documentation recommends for speed. `arrow` is a resource
that yields Arrow tables, so that dlt has nothing to parse. `merge` deduplicates by id, as the product does;
`append` does not.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HEADERS = {"x-api-key": "sk-ant-api01-local-feed", "anthropic-version": "2023-06-01"}
PATH = "v1/compliance/activities"
# https://dlthub.com/docs/reference/performance: larger buffers, files that are processed in parallel, Parquet.
SETTINGS = {
    "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "NORMALIZE__WORKERS": str(os.cpu_count()),
    "LOAD__WORKERS": "2",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
}


def rest_api(url: str):
    """dlt's own source for REST APIs."""
    from dlt.sources.rest_api import rest_api_source

    cursor = {"type": "cursor", "cursor_path": "last_id", "cursor_param": "after_id"}
    return rest_api_source(
        {
            "client": {"base_url": url, "headers": HEADERS, "paginator": cursor},
            "resources": [
                {
                    "name": "activities",
                    "primary_key": "id",
                    "max_table_nesting": 0,
                    "parallelized": True,
                    "endpoint": {"path": PATH, "params": {"limit": 5000}, "data_selector": "data"},
                }
            ],
        }
    )


def arrow(url: str):
    """A resource that yields envelope, hash and record (as JSON) as Arrow tables."""
    from hashlib import sha256

    import dlt
    import orjson
    import pyarrow as pa
    import requests

    columns = ("id", "created_at", "type", "organization_id", "organization_uuid")

    @dlt.resource(name="activities", primary_key="id", parallelized=True)
    def activities() -> Iterator[pa.Table]:
        session = requests.Session()
        session.headers.update(HEADERS)
        params = {"limit": "5000"}
        while True:
            page = orjson.loads(session.get(f"{url}/{PATH}", params=params).content)
            records = page["data"]
            if records:
                table = {name: [record.get(name) for record in records] for name in columns}
                payloads = [orjson.dumps(record) for record in records]
                table["payload"] = [payload.decode() for payload in payloads]
                table["payload_sha256"] = [sha256(payload).hexdigest() for payload in payloads]
                yield pa.table(table)
            if not page["has_more"]:
                return
            params["after_id"] = page["last_id"]

    return activities()


def main() -> None:
    """Run one pipeline and print its cost."""
    how, disposition, url, path = sys.argv[1:]
    os.environ.update(SETTINGS)
    import dlt

    source = {"rest_api": rest_api, "arrow": arrow}[how](url)
    with tempfile.TemporaryDirectory() as work:
        began = time.monotonic()
        pipeline = dlt.pipeline(
            "bench", destination=dlt.destinations.duckdb(path), dataset_name="feed", pipelines_dir=work
        )
        pipeline.run(source, loader_file_format="parquet", write_disposition=disposition)
        seconds = time.monotonic() - began
    import duckdb

    with duckdb.connect(path) as connection:
        [(count,)] = connection.execute("select count(*) from feed.activities").fetchall()
    print(json.dumps({"seconds": seconds, "activities": count, "file_bytes": Path(path).stat().st_size}))


if __name__ == "__main__":
    main()
