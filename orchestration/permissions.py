"""File permissions: files are private to their owner. Group access to published files is in `publish.files`."""

import os
from pathlib import Path

# Files 0600, directories 0700. DuckDB, dbt and Dagster create their files with the process's umask.
PRIVATE_UMASK = 0o077


def keep_private() -> None:
    """Make everything that this process and its children create readable by their owner only.

    A webserver or daemon that was started by hand has its own umask. Its files are in Dagster's home, so that
    directory is closed to others.
    """
    os.umask(PRIVATE_UMASK)
    home = Path(os.environ.get("DAGSTER_HOME") or "")
    if home.is_absolute() and (home / "dagster.yaml").exists() and home.stat().st_uid == os.geteuid():
        home.chmod(0o700)
