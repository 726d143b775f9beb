"""Tables that grew in increments are those of a rebuild, whatever came late, twice or from two sources."""

import json
import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from local_feed import LocalFeed
from orchestration.api.endpoint import Receipt
from orchestration.assets.project import project
from orchestration.intervals import Kind, Slice
from orchestration.landing.extract import Chunk
from orchestration.landing.land import land
from orchestration.warehouse.connection import open_warehouse
from tests.dbt_project.builds import build_models
from tests.histories import extract_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
INCREMENTS = 3
SEED = int(os.environ.get("INCREMENTS_SEED", "1"))


def incremental_models() -> list[str]:
    nodes = json.loads(project.manifest_path.read_text())["nodes"].values()
    return sorted(node["name"] for node in nodes if node["config"].get("materialized") == "incremental")


def test_what_is_incremental_on_duckdb_can_be_rebuilt_elsewhere():
    """What was found is kept everywhere; every other incremental model asks the engine how."""
    nodes = json.loads(project.manifest_path.read_text())["nodes"].values()
    asking = {node["name"] for node in nodes if "materialized=incremental_or_table(" in node.get("raw_code", "")}
    assert set(incremental_models()) - asking == {"finding_history"}


def chunks_of(chance: random.Random, records: list[bytes]) -> list[Chunk]:
    """The records as two sources bring them, out of order, some twice and some with other content."""
    chunks = []
    for source in ("admin", "compliance"):
        time_slice = Slice(Kind.INCREMENTAL, BEGIN, BEGIN + timedelta(days=1))
        extract = extract_of(time_slice, source)
        chunk = Chunk(extract, outcome="complete")
        brought = [one for one in records if chance.random() < 0.7]
        revised = [json.dumps(json.loads(one) | {"revised": True}).encode() for one in brought[:5]]
        chunk.add(chance.sample(brought, len(brought)) + brought[5:10] + revised, None, None)
        own = [json.loads(one).get("request_id") for one in brought if chance.random() < 0.5]
        chunk.receipts += [Receipt(request_id, 200, BEGIN) for request_id in own if request_id]
        chunks.append(chunk)
    return chunks


def differences(grown: Path, rebuilt: Path) -> list[str]:
    """The tables that differ in any row, with how many rows do."""
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{grown}' as grown (read_only); attach '{rebuilt}' as rebuilt (read_only)")
        tables = connection.execute(
            "select distinct schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('intermediate', 'detections', 'marts') order by 1"
        ).fetchall()
        assert len(tables) > 15
        for (table,) in tables:
            count = 0
            for one, other in (("grown", "rebuilt"), ("rebuilt", "grown")):
                # A finding that is found again is found at another time.
                columns = "columns(lambda name: name <> 'found_at')"
                rows = f"select {columns} from {one}.{table} except all select {columns} from {other}.{table}"
                count += connection.execute(f"select count(*) from ({rows})").fetchall()[0][0]
            if count:
                found.append(f"{table}: {count}")
    return found


def test_increments_give_what_a_rebuild_gives(prepared: Path, tmp_path: Path):
    chance = random.Random(SEED)
    path = prepared
    with LocalFeed(size=2000, seed=SEED % 1000, cache=tmp_path, end="2026-06-01T00:00:00Z") as feed:
        records = [record for _, record in feed.records()]
    chance.shuffle(records)
    part = len(records) // INCREMENTS
    for number in range(INCREMENTS):
        # All are out of order, and some of what came before comes again.
        new = records[number * part : (number + 1) * part]
        again = chance.sample(records[: number * part], min(50, number * part))
        with open_warehouse(path) as connection:
            land(connection, chunks_of(chance, new + again))
        if number == 1:
            # A build that ends half way: some models are ahead of others, and none may skip what it has not read.
            build_models(path, tmp_path / "target", "--select", *chance.sample(incremental_models(), 4))
        else:
            build_models(path, tmp_path / "target")
    rebuilt = tmp_path / "rebuilt" / path.name
    rebuilt.parent.mkdir()
    shutil.copyfile(path, rebuilt)
    build_models(rebuilt, tmp_path / "target", "--full-refresh")
    assert differences(path, rebuilt) == [], f"INCREMENTS_SEED={SEED}"
