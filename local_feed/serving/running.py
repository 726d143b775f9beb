"""Runs a feed with uvicorn, in its own process or in a thread of a test."""

import asyncio
import contextlib
import socket

import uvicorn

from local_feed.directory.server import DirectoryServer
from local_feed.serving.application import application
from local_feed.serving.feed import Feed
from local_feed.serving.wire import ExposedTransportProtocol


class QuietServer(uvicorn.Server):
    """A uvicorn server that does not handle signals, and that stops at once: hanging requests are dropped.

    uvicorn polls for the end ten times a second and then waits for its connections, which would delay every test
    with its own server.
    """

    _wake: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:
        """Capture none."""
        return contextlib.nullcontext()

    def stop(self) -> None:
        """Stop now. Can be called from any thread."""
        self.should_exit = True
        if self._wake is not None:
            loop, event = self._wake
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped
                loop.call_soon_threadsafe(event.set)

    async def main_loop(self) -> None:
        """Serve until `stop`."""
        await self.on_tick(0)
        event = asyncio.Event()
        self._wake = (asyncio.get_running_loop(), event)
        if not self.should_exit:
            await event.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything without waiting for connections."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def server_for(feed: Feed, latency: float, directory: DirectoryServer | None = None) -> QuietServer:
    """A uvicorn server for a feed and its directory (None: without). It gets its listening socket when it runs."""
    config = uvicorn.Config(
        application(feed, latency, directory),
        http=ExposedTransportProtocol,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    return QuietServer(config)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=256)
    # Connections inherit the option. asyncio sets it only on sockets that name their protocol. Without it the
    # second part of a response waits for the client's acknowledgement of the first: 40 ms per request.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
