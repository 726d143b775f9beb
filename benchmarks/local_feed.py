"""The local feed as a process of its own, so that serving and reading do not share an interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.children import ROOT


@contextmanager
def serving(activities: int, latency_milliseconds: float = 0.0) -> Iterator[str]:
    """The address of a local feed without a request budget, while the block runs."""
    command = [sys.executable, "-m", "local_feed", "--activities", str(activities), "--latency"]
    command += [str(latency_milliseconds), "--requests-per-minute", "0", "--no-own-reads"]
    command += ["--print-url", "--exit-with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("The local feed did not start.")
            yield line.split()[-1]
        finally:
            process.terminate()
