"""A removal that Dagster runs needs a token: for that removal, once, for some minutes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.privacy.confirmation import VALID_FOR, issue, redeem
from orchestration.warehouse.errors import WarehouseError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def file_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.confirmation")


def test_a_token_confirms_one_removal_once(path: Path):
    token = issue(path, "erasure", "user_1")
    assert file_of(path).stat().st_mode & 0o777 == 0o600
    assert token not in file_of(path).read_text()
    assert "user_1" not in file_of(path).read_text()
    redeem(path, token, "erasure", "user_1")
    with pytest.raises(WarehouseError, match="Nothing was removed"):
        redeem(path, token, "erasure", "user_1")


def test_what_is_not_the_token_is_refused_and_does_not_use_it_up(path: Path):
    with pytest.raises(WarehouseError, match="Nothing was removed"):
        redeem(path, "", "erasure", "user_1")
    old = issue(path, "erasure", "user_1")
    token = issue(path, "erasure", "user_1")
    for wrong in (("", "erasure", "user_1"), (old, "erasure", "user_1"), (token, "erasure", "user_2"),
                  (token, "retention", "user_1")):  # fmt: skip
        with pytest.raises(WarehouseError, match="Nothing was removed"):
            redeem(path, *wrong)
    redeem(path, token, "erasure", "user_1")


@pytest.mark.parametrize("age", [VALID_FOR + timedelta(seconds=1), timedelta(minutes=-1)])
def test_an_old_token_is_refused(path: Path, age: timedelta):
    token = issue(path, "erasure", "user_1")
    kept = json.loads(file_of(path).read_text()) | {"issued_at": (datetime.now(UTC) - age).isoformat()}
    file_of(path).write_text(json.dumps(kept))
    with pytest.raises(WarehouseError, match="Nothing was removed"):
        redeem(path, token, "erasure", "user_1")
