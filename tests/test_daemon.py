"""Dagster's daemon as we start it."""

import time

import pytest
from dagster._daemon import controller

from orchestration.daemon import RELOAD_SECONDS, reload_seldom


class Servers:
    """What the daemon has of code servers and of the workspace."""

    def __init__(self) -> None:
        self._grpc_server_registry = self._workspace_process_context = self
        self._logger = controller.logging.getLogger(__name__)
        self.starts = 0

    def clear_all_grpc_endpoints(self) -> None:
        self.starts += 1

    def refresh_workspace(self) -> None:
        if self.starts > 1:
            raise RuntimeError("no server")


def test_a_code_server_is_not_started_again_every_minute(monkeypatch: pytest.MonkeyPatch):
    for name in ("RELOAD_WORKSPACE_INTERVAL", "DEFAULT_WORKSPACE_FRESHNESS_TOLERANCE"):
        monkeypatch.setattr(controller, name, getattr(controller, name))
    reload_seldom()
    servers, now = Servers(), time.time()

    def check(seconds: float) -> bool:
        return controller.DagsterDaemonController.check_workspace_freshness(servers, now - seconds) > now - seconds

    assert not check(RELOAD_SECONDS - 60)
    assert servers.starts == 0
    assert check(RELOAD_SECONDS + 1)
    # The next start fails: tried again, until it has failed for half of the time.
    assert not check(RELOAD_SECONDS + 1)
    with pytest.raises(RuntimeError, match="no server"):
        check(RELOAD_SECONDS * 3 / 2 + 1)
    assert servers.starts == 3
