"""One warehouse with every story of listed keys, built in one go and in shuffled increments."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Query
from tests.dbt_project.listed_keys.keys import key_stories
from tests.dbt_project.walks import built_in_parts

MODELS = ("+key_periods", "+key_events", "+key_lifecycle", "+int_key_differences")


@pytest.fixture(scope="session", params=["whole", "shuffled"])
def listed_keys(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """Rows of a query on that warehouse."""
    path = Path(shutil.copy(curated, tmp_path_factory.mktemp("listed_keys")))
    story = key_stories()
    with built_in_parts(path, story.parts(request.param), *MODELS, directory=story.directory) as query:
        yield query
