"""Dagster's daemon, which runs schedules and the queue, without what it would do every minute for nothing."""

import os

from dagster._daemon import cli, controller

from orchestration.dagster_home import ROOT
from orchestration.sqlite_history import write_history_quickly

# As workspace.yaml names it: Dagster keeps by this name which schedules are on.
MODULE = "orchestration.definitions"
# A restart reads changed definitions at once.
RELOAD_SECONDS = 600


def run_daemon() -> None:
    """Run until an interrupt."""
    write_history_quickly()
    reload_seldom()
    # From its home Dagster finds the one dagster.yaml that counts.
    os.chdir(os.environ["DAGSTER_HOME"])
    cli.cli(["run", "-m", MODULE, "-d", str(ROOT)], standalone_mode=False)


def reload_seldom() -> None:
    """Start a new code server every `RELOAD_SECONDS`, and fail after half of that time without one.

    Dagster does so every 60 s, in case our code has changed. Its imports take 14 % of a core, and 2 % this way.
    """
    # Not public, but there is no setting.
    controller.RELOAD_WORKSPACE_INTERVAL = RELOAD_SECONDS
    controller.DEFAULT_WORKSPACE_FRESHNESS_TOLERANCE = RELOAD_SECONDS * 3 // 2
