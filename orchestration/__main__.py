"""`python -m orchestration`: see `cli`."""

import os
import sys
from multiprocessing import util

from orchestration.cli import main


def leave(status: int) -> None:
    """End the process. A dbt that was interrupted leaves threads in DuckDB, and unwinding those would abort it."""
    if not status:
        sys.exit()
    # Else a tracker that outlives the process warns of dbt's semaphores, below the sentence on what failed.
    util._run_finalizers(0)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    leave(main())
