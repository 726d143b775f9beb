"""Below HTTP: responses that break off, and the access to uvicorn's connections that this needs."""

import asyncio
import socket
import struct

from starlette.types import Receive
from uvicorn.protocols.http.auto import AutoHTTPProtocol

_REASONS = {200: "OK"}


class ExposedTransportProtocol(AutoHTTPProtocol):
    """uvicorn's HTTP protocol, with its transport in `scope["state"]` for the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Put the transport into `request.state`."""
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
    """Close the connection as if the response were complete."""
    transport.close()
    await until_gone(receive)
