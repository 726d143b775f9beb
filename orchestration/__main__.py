"""`python -m orchestration`: see `cli`."""

from __future__ import annotations

import os
import sys

from orchestration.cli import main


def _leave(status: int) -> None:
    """End the process. A dbt that was interrupted leaves threads in DuckDB, and unwinding those would abort it."""
    if not status:
        sys.exit()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
