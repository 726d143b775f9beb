"""Runs a coroutine that a signal can end wherever it arrives, and finds the failure that ended one."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def first_error(group: BaseExceptionGroup) -> BaseException:
    """The first failure in a group, which may hold groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def run_until_interrupted(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """As `asyncio.run`; a signal whose handler raises cancels the run, and is raised once that has ended.

    Left to itself, the handler raises wherever the signal arrives. Within the event loop's own code a task is then
    never woken again, and the run never ends; a callback that raises is only logged.
    """
    interrupts: list[BaseException] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def run() -> Result:
        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        try:
            if interrupts:
                coroutine.close()
                raise asyncio.CancelledError
            return await coroutine
        finally:
            # The loop closes next, and would refuse a call.
            running.clear()

    def noting(handler: Callable[..., Any]) -> Callable[..., None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                interrupts.append(error)
                for loop, task in running:
                    loop.call_soon_threadsafe(task.cancel)

        return handle

    replaced = {}
    if threading.current_thread() is threading.main_thread():
        replaced = {number: one for number in _SIGNALS if callable(one := signal.getsignal(number))}
    try:
        for number, handler in replaced.items():
            signal.signal(number, noting(handler))
        result = asyncio.run(run())
    except asyncio.CancelledError:
        if not interrupts:
            raise
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
    if interrupts:
        raise interrupts[0]
    return result
