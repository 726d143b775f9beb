"""Events in an S3-compatible store: the same files as in a directory, over the real protocol on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deliver.siem.conftest import deliver_to, files_in
from tests.stores import environment_of, serving


@pytest.fixture
def buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of the buckets of a store that the environment reaches."""
    directory = tmp_path / "buckets"
    directory.mkdir()
    with serving(directory) as url:
        for name, value in environment_of(url).items():
            monkeypatch.setenv(name, value)
        yield directory


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_a_store_gets_the_files_of_a_directory(filled: Path, buckets: Path, tmp_path: Path, form: str):
    wanted = {"SIEM_FORMAT": form, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
    assert deliver_to(filled, wanted | {"SIEM_PATH": "s3://bucket/siem"}).error is None
    assert deliver_to(filled, wanted | {"SIEM_PATH": str(tmp_path / "siem")}).error is None
    here, there = files_in(tmp_path / "siem"), files_in(buckets / "bucket" / "siem")
    assert {name: content for name, content in here.items() if "activities-" in name}.items() <= there.items()
    assert len(there) == len(here)


def test_a_bucket_that_is_missing_is_one_sentence(filled: Path, buckets: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestration.archive.storage.store._ATTEMPTS", 1)
    wanted = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
    outcome = deliver_to(filled, wanted | {"SIEM_PATH": "s3://nowhere/siem"})
    assert outcome.error is not None
    assert outcome.error.endswith("There is no such bucket. Create it, or correct SIEM_PATH.")
