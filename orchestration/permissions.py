"""Who may read what we write: nobody but its owner, and of what is published a group where one is named."""

from __future__ import annotations

import os

# Files 0600, directories 0700: engines, dbt and Dagster all create their files under it.
PRIVATE_UMASK = 0o077


def keep_private() -> None:
    """From here on nothing that this process or its children create can be read by anybody else."""
    os.umask(PRIVATE_UMASK)
