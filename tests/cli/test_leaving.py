"""How a command ends."""

import subprocess
import sys

from orchestration.config.settings import ROOT

FAILED = """
from multiprocessing import get_context
from orchestration.__main__ import leave
lock = get_context("spawn").RLock()
leave(1)
"""


def test_a_command_that_fails_says_nothing_of_semaphores_that_dbt_made():
    done = subprocess.run([sys.executable, "-c", FAILED], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
