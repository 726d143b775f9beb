"""A warehouse with the events and the walks of every story, built in one go and in shuffled increments."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Query
from tests.dbt_project.directory import differences, memberships, scopes, sequential_fold
from tests.dbt_project.walks import built_in_parts

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
    path = Path(shutil.copy(curated, tmp_path_factory.mktemp("directory")))
    events = [event for story in STORIES for event in story.events]
    walks = sorted((walk for story in STORIES for walk in story.walks), key=lambda walk: walk.started_at)
    parts = [(events, walks)]
    if request.param == "shuffled":
        random.Random(SEED).shuffle(events)
        half = -(-len(walks) // 2)
        parts = [(events[::2], walks[:half]), (events[1::2], walks[half:])]
    with built_in_parts(path, parts, *MARTS) as query:
        yield query
