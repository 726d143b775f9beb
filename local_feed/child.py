"""Runs the local feed as a child process, so that serving and reading do not share an interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class ChildFeedError(Exception):
    """The local feed did not start; its own message is on standard error."""


@contextmanager
def child_feed(activities: int, *options: str) -> Iterator[str]:
    """The URL of a local feed without a rate limit, which runs during the block.

    `options`: further arguments of `python -m local_feed`.

    Raises:
        ChildFeedError: it did not start.
    """
    command = [sys.executable, "-m", "local_feed", "--activities", str(activities), "--requests-per-minute", "0"]
    command += ["--print-url", "--exit-with-parent", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise ChildFeedError("The local feed did not start.")
            yield line.split()[-1]
        finally:
            process.terminate()
