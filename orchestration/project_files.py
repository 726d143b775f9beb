"""Which dbt project tables are built by. Imports nothing else, because Spark's environment reads it too."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

# Files that decide the content of tables. They also hold descriptions and tests, whose changes rebuild as well.
_PATTERNS = ("models/**/*.sql", "models/**/*.yml", "macros/**/*.sql", "seeds/*", "dbt_project.yml")


def project_sha256(directory: Path) -> str:
    """SHA-256 over names and contents of the files of the dbt project that decide what the tables hold."""
    files = sorted(path for pattern in _PATTERNS for path in directory.glob(pattern) if path.is_file())
    return _sha256(directory, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=1)
def _sha256(directory: Path, files: Sequence[tuple[Path, int, int]]) -> str:
    """Cached, because each step asks. `files`: all in order, each with its modification time and size."""
    digest = hashlib.sha256()
    for path, *_ in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(directory)} {len(content)}\n".encode() + content)
    return digest.hexdigest()
