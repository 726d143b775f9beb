"""A built warehouse to publish from."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def copy(built: tuple[Path, Any], tmp_path: Path) -> Path:
    """A copy of the built warehouse, which tests may modify."""
    path = tmp_path / "copy.duckdb"
    path.write_bytes(built[0].read_bytes())
    return path
