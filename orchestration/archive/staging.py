"""A directory beside the warehouse for files on their way to the archive and back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def staging(path: Path) -> Iterator[Path]:
    """An empty directory beside the warehouse at `path`; also one that a killed run left behind is emptied."""
    directory = path.with_name(f"{path.name}.archiving")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
