"""One warehouse with every story of listed keys, built in one go and in shuffled increments."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dbt_project.cases.conftest import Query
from tests.dbt_project.listed_keys.keys import key_stories
from tests.dbt_project.listed_keys.stories import built

MODELS = ("+key_periods", "+key_events", "+key_lifecycle", "+int_key_differences")


@pytest.fixture(scope="session", params=["whole", "shuffled"])
def listed_keys(
    request: pytest.FixtureRequest, curated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """Rows of a query on that warehouse."""
    directory = tmp_path_factory.mktemp("listed_keys")
    shutil.copy(curated, directory)
    with built(key_stories(), request.param, directory, "--select", *MODELS) as query:
        yield query
