"""Who may read what we write: nobody but its owner, and of what is published a group where one is named."""

from __future__ import annotations

import os
from pathlib import Path

# Files 0600, directories 0700: engines, dbt and Dagster all create their files under it.
PRIVATE_UMASK = 0o077


def keep_private() -> None:
    """From here on nothing that this process or its children create can be read by anybody else.

    A webserver or daemon that was started by hand creates its files by a umask of its own: those are in Dagster's
    home, which is closed as a whole.
    """
    os.umask(PRIVATE_UMASK)
    home = Path(os.environ.get("DAGSTER_HOME") or "")
    if home.is_absolute() and (home / "dagster.yaml").exists() and home.stat().st_uid == os.geteuid():
        home.chmod(0o700)
