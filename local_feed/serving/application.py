"""The Starlette application: the public path, and control routes under `/_local_feed` for loopback only."""

import asyncio
import contextlib
import ipaddress
import json

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local_feed.archive import read_record
from local_feed.directory.endpoints import ENDPOINTS, Endpoint
from local_feed.directory.server import DirectoryServer
from local_feed.serving import wire
from local_feed.serving.errors import error_body
from local_feed.serving.faults import Fault, Faults
from local_feed.serving.feed import PATH, Answer, Feed, FeedRequest


class _Broken(Response):
    """A response whose connection fails before or while it is sent."""

    def __init__(self, answer: Answer, fault: Fault, request: Request) -> None:
        super().__init__()
        self._answer, self._fault, self._request = answer, fault, request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the part of the answer that the fault lets through."""
        transport = self._request.state.transport
        answer, fault = self._answer, self._fault
        match fault.kind:
            case "hang":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(wire.until_gone(receive), fault.seconds)
                await wire.cut(transport, receive)
            case "reset":
                await wire.reset(transport, receive)
            case kind:
                half = answer.body[: max(1, len(answer.body) // 2)]
                transport.write(wire.head(answer.status, answer.headers, len(answer.body)) + half)
                if kind == "cut_body":
                    await wire.cut(transport, receive)
                else:
                    # A reset discards data in flight; this gives the client time to start reading.
                    await asyncio.sleep(0.05)
                    await wire.reset(transport, receive)


async def _hold(faults: Faults, receive: Receive) -> None:
    """Wait until held answers are released, or the client has disconnected."""
    loop, released = asyncio.get_running_loop(), asyncio.Event()
    faults.hold(lambda: loop.call_soon_threadsafe(released.set))
    waiting = [asyncio.create_task(released.wait()), asyncio.create_task(wire.until_gone(receive))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def _delivered(request: Request, answer: Answer, faults: Faults, latency: float) -> Response:
    """The response of an answer, delayed, held or broken as its fault says."""
    fault = answer.fault
    extra = fault.seconds if fault is not None and fault.kind == "latency" else None
    wait = latency + (extra or 0)
    if wait:
        await asyncio.sleep(wait)
    if fault is not None and fault.kind == "hold":
        await _hold(faults, request.receive)
    if fault is not None and fault.kind in ("hang", "reset", "reset_in_body", "cut_body"):
        return _Broken(answer, fault, request)
    return Response(answer.body, answer.status, answer.headers)


def _read(request: Request) -> FeedRequest:
    return FeedRequest(
        query=request.url.query,
        headers=dict(request.headers.items()),
        url=str(request.url),
        ip_address=request.client.host if request.client else None,
        path=request.url.path,
    )


def application(feed: Feed, latency: float = 0.0, directory: DirectoryServer | None = None) -> Starlette:
    """The feed over HTTP, and the directory if there is one. `latency`: seconds added to every response."""

    async def activities(request: Request) -> Response:
        return await _delivered(request, feed.answer(_read(request)), feed.faults, latency)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        headers = {"request-id": feed.next_request_id()}
        return Response(error_body(status, "not found"), status, headers, media_type="application/json")

    routes = [Route(PATH, activities, methods=["GET"]), *_control_routes(feed)]
    if directory is not None:
        routes += [_directory_route(directory, endpoint, latency) for endpoint in ENDPOINTS]
    return Starlette(routes=routes, exception_handlers={404: refused, 405: refused})


def _directory_route(directory: DirectoryServer, endpoint: Endpoint, latency: float) -> Route:
    async def read(request: Request) -> Response:
        answer = directory.answer(_read(request), endpoint, dict(request.path_params))
        return await _delivered(request, answer, directory.feed.faults, latency)

    return Route(endpoint.path, read, methods=["GET"])


def _is_local(request: Request) -> bool:
    return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback


def _control_routes(feed: Feed) -> list[Route]:
    async def faults(request: Request) -> Response:
        if not _is_local(request):
            raise HTTPException(404)
        if request.method == "DELETE":
            feed.faults.clear()
        elif request.method == "POST":
            try:
                fault = msgspec.json.decode(await request.body(), type=Fault)
            except msgspec.MsgspecError as error:
                return JSONResponse({"error": str(error)}, 400)
            feed.faults.add(**msgspec.structs.asdict(fault))
        return Response(msgspec.json.encode(feed.faults.pending()), media_type="application/json")

    async def records(request: Request) -> Response:
        if not _is_local(request):
            raise HTTPException(404)
        try:
            record = read_record(await request.body())
            if request.method == "PUT":
                feed.timeline.replace(record.activity_id, record.text, record.at)
            else:
                feed.timeline.add(record)
        except (ValueError, KeyError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"id": record.activity_id})

    async def status(request: Request) -> Response:
        if not _is_local(request):
            raise HTTPException(404)
        answered = [[seen.at, seen.query, seen.status, seen.request_id] for seen in feed.requests]
        body = {"activities": len(feed.timeline), "requests": answered}
        return Response(json.dumps(body), media_type="application/json")

    return [
        Route("/_local_feed/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_local_feed/records", records, methods=["POST", "PUT"]),
        Route("/_local_feed/status", status, methods=["GET"]),
    ]
