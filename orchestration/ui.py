"""The Dagster UI that `make ui` starts: Dagster's own web server behind a guard, and the daemon beside it.

The UI has no login. The guard refuses what a browser sends on behalf of other pages: requests under a foreign host
name (DNS rebinding), from another origin, in a frame, and GraphQL by GET.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
from dagster import DagsterInstance
from dagster import __version__ as dagster_version
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocketClose

from orchestration.daemon import MODULE
from orchestration.dagster_home import ROOT, open_instance
from orchestration.metrics import render_metrics
from orchestration.sqlite_history import write_history_quickly
from orchestration.status import read_status

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "127.0.0.1"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_DAEMON = [sys.executable, "-m", "orchestration", "daemon"]
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_POLICY_VIOLATION = 1008
_SHUTDOWN_SECONDS = 5


def allowed_names(environment: Mapping[str, str]) -> frozenset[str]:
    """Host names under which the UI answers: loopback, and those in `UI_HOSTS`, separated by commas."""
    stated = (one.strip().lower() for one in environment.get("UI_HOSTS", "").split(","))
    return LOOPBACK_NAMES | frozenset(filter(None, stated))


class RequestGuard:
    """ASGI middleware that refuses what pages of other origins send."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _without_frames(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION, refusal[1])(scope, receive, send)
        else:
            status, sentence = refusal
            await PlainTextResponse(f"{sentence}\n", status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host = _host_and_port(f"//{hosts[0]}", "http") if len(hosts) == 1 else None
        if host is None or host[0] not in self.names:
            return 421, "This name is not allowed. Use 127.0.0.1, or set UI_HOSTS to the name of your proxy."
        if origins and not (len(origins) == 1 and _is_same_origin(origins[0], hosts[0])):
            return 403, "Requests of other origins are refused."
        if scope["type"] == "websocket":
            return None
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not _is_visit(scope, headers):
            return 403, "Requests of other sites are refused."
        if scope["path"].rstrip("/").endswith("/graphql"):
            return _refuse_query(scope["method"], headers)
        return None


def _refuse_query(method: str, headers: Headers) -> tuple[int, str] | None:
    """A page can send a GET, and a POST of a form, to any address: neither may carry GraphQL."""
    if method == "POST":
        media_type = headers.get("content-type", "").split(";")[0].strip().lower()
        return None if media_type == "application/json" else (415, "Send GraphQL as application/json.")
    # Asked for HTML, Dagster answers with its editor of queries and runs none.
    is_editor = method == "GET" and "text/html" in headers.get("accept", "")
    return None if is_editor else (405, "Send GraphQL by POST.")


def _is_visit(scope: Scope, headers: Headers) -> bool:
    """Whether somebody followed a link of another site to a page of the UI."""
    stated = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return scope["method"] == "GET" and stated == ("navigate", "document")


def _is_same_origin(origin: str, host: str) -> bool:
    """Whether the origin is that of the UI. A proxy may have taken TLS off, so the scheme is the origin's."""
    scheme = origin.partition("://")[0].lower()
    stated = _host_and_port(origin, scheme)
    return scheme in ("http", "https") and stated is not None and stated == _host_and_port(f"//{host}", scheme)


def _host_and_port(url: str, scheme: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(scheme, 0)
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname, port


def _without_frames(send: Send) -> Send:
    """No page may show the UI in a frame and have its buttons clicked."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-frame-options"] = "DENY"
        await send(message)

    return send_on


def status_pages(instance: DagsterInstance) -> list[Route]:
    """The status as a page for people and monitors (503 where there is a problem), and as one for Prometheus."""

    def health(request: Request) -> Response:
        status = read_status(instance, os.environ, datetime.now(UTC))
        code = 503 if status.problems else 200
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(status.json(), code)
        return PlainTextResponse("\n".join([*status.describe(), ""]), code)

    def metrics(request: Request) -> Response:
        status = read_status(instance, os.environ, datetime.now(UTC))
        return Response(render_metrics(status), media_type="text/plain; version=0.0.4")

    return [Route("/health", health), Route("/metrics", metrics)]


def serve(port: int, *, with_daemon: bool = True) -> int:
    """Serve the UI on loopback, and run the daemon beside it, until interrupted. Port 0 means any.

    Returns the exit status.
    """
    try:
        listener = socket.create_server((ADDRESS, port))
    except OSError as error:
        print(
            f"Port {port} of {ADDRESS} cannot be used: {error.strerror}. Choose another with --port.",
            file=sys.stderr,
        )
        return 1
    with listener:
        return _serve(listener, with_daemon)


def _serve(listener: socket.socket, with_daemon: bool) -> int:
    # Started in the background by a script, the process would ignore SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    write_history_quickly()
    # From its home Dagster finds the one dagster.yaml that counts.
    os.chdir(os.environ["DAGSTER_HOME"])
    target = ModuleTarget(module_name=MODULE, attribute=None, working_directory=str(ROOT), location_name=None)
    with (
        open_instance() as instance,
        WorkspaceProcessContext(instance, workspace_load_target=target, version=dagster_version) as workspace,
    ):
        webserver = create_app_from_workspace_process_context(workspace)
        # Before Dagster's own routes, the last of which answers every path.
        webserver.router.routes[:0] = status_pages(instance)
        app = RequestGuard(webserver, allowed_names(os.environ))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_SHUTDOWN_SECONDS)
        )
        with _daemon(server) if with_daemon else nullcontext() as daemon:
            print(
                f"The Dagster UI is on http://{ADDRESS}:{listener.getsockname()[1]} (Ctrl-C ends it)", flush=True
            )
            try:
                server.run(sockets=[listener])
            except KeyboardInterrupt:
                return 130
            return (daemon.wait() if daemon else 0) or 1


@contextmanager
def _daemon(server: uvicorn.Server) -> Iterator[subprocess.Popen[bytes]]:
    """Dagster's daemon, which runs schedules and the queue. If it ends, so does the UI."""
    # In a session of its own, so that Ctrl-C reaches it through us, once.
    with subprocess.Popen(_DAEMON, cwd=ROOT, start_new_session=True) as process:

        def end_with_it() -> None:
            process.wait()
            server.should_exit = True

        threading.Thread(target=end_with_it, daemon=True).start()
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
