"""Below HTTP: responses that break off, and the hook into uvicorn's connections that makes this possible."""

import asyncio
import socket
import struct

from starlette.types import Receive
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_REASONS = {200: "OK"}


class OpenHandedProtocol(AutoHTTPProtocol):
    """uvicorn's HTTP protocol that lets the application reach its transport through `scope["state"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Remember the transport where `request.state` shows it."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def head(status: int, headers: dict[str, str], length: int) -> bytes:
    """A response head that promises `length` bytes of body."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Error')}", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join([*lines, f"content-length: {length}"]) + "\r\n\r\n").encode("latin-1")


async def until_gone(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def reset(transport: asyncio.Transport, receive: Receive) -> None:
    """Drop the connection with a TCP reset."""
    with socket.socket(fileno=socket.dup(transport.get_extra_info("socket").fileno())) as handle:
        # Linger of zero seconds: closing sends RST instead of FIN.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await until_gone(receive)


async def cut(transport: asyncio.Transport, receive: Receive) -> None:
    """Close the connection as if the response were over."""
    transport.close()
    await until_gone(receive)
