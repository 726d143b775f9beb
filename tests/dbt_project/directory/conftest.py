"""A warehouse with the events and the walks of every story, built in one go and in shuffled increments."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.builds import build_models
from tests.dbt_project.cases.conftest import Query
from tests.dbt_project.directory import differences, memberships, scopes, sequential_fold
from tests.dbt_project.directory.stories import land_events
from tests.dbt_project.walks import Directory

MARTS = ["+access_grants", "+state_agreement"]
STORIES = [
    *memberships.CASES.stories,
    *scopes.CASES.stories,
    *differences.STORIES,
    *(story for story, _ in sequential_fold.RANDOM),
]
SEED = 7


@pytest.fixture(scope="session", params=["whole", "shuffled"])
def walked(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """Rows of a query. Walks come in the order of time; events before or after what observed them."""
    folder = tmp_path_factory.mktemp("directory")
    path = Path(shutil.copy(curated, folder))
    events = [event for story in STORIES for event in story.events]
    walks = sorted((walk for story in STORIES for walk in story.walks), key=lambda walk: walk.started_at)
    parts = 1 if request.param == "whole" else 2
    if parts > 1:
        random.Random(SEED).shuffle(events)
    directory = Directory()
    for number in range(parts):
        land_events(path, events[number::parts])
        half = -(-len(walks) // parts)
        directory.store(path, walks[number * half : (number + 1) * half])
        build_models(path, folder / "target", "--select", *MARTS)
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield lambda sql, *values: connection.execute(sql, values).fetchall()
