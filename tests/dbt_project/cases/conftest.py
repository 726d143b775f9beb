"""Small histories with known answers, each a made-up organization, built in one go, in increments and shuffled."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from local_feed.history.benign import benign_records
from orchestration.landing.locations import locate_addresses
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.dbt_project.builds import build_models
from tests.dbt_project.cases import attacks
from tests.histories import land_days
from tests.locations import city_database

HISTORIES = Path(__file__).parent / "histories"
PARTS = 2
SEED = 7
QUIET_WEEKS = 13


def parts_of(history: list[bytes], way: str) -> list[list[bytes]]:
    """What is landed before each build: everything at once, or parts in the order of time or in none."""
    if way == "whole":
        return [history]
    order = sorted(history, key=lambda text: json.loads(text)["created_at"])
    if way == "shuffled":
        random.Random(SEED).shuffle(order)
    size = -(-len(order) // PARTS)
    return [order[number * size : (number + 1) * size] for number in range(PARTS)]


@pytest.fixture(scope="session", params=["whole", "increments", "shuffled"])
def cases(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """Rows of a query on a warehouse that holds every history, built in one of three ways."""
    directory = tmp_path_factory.mktemp("cases")
    path, cities = Path(shutil.copy(curated, directory)), city_database(directory / "cities.mmdb")
    histories = [file.read_bytes().splitlines() for file in sorted(HISTORIES.glob("*.ndjson"))]
    histories += attacks.histories()
    histories.append(list(benign_records(people=30, weeks=QUIET_WEEKS, start="2026-05-04", least=1)))
    for number in range(PARTS):
        parts = [parts_of(history, request.param) for history in histories]
        records = [text for cut in parts for text in (cut[number] if number < len(cut) else [])]
        if records:
            land_days(path, records)
            with open_warehouse(path) as connection:
                locate_addresses(connection, cities, None)
            build_models(path, directory / "target")
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield lambda sql, *values: connection.execute(sql, values).fetchall()
