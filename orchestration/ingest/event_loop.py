"""Runs a coroutine that a signal can end wherever it arrives, and finds the failure that ended one."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def first_error(group: BaseExceptionGroup) -> BaseException:
    """The first failure in a group, which may hold groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def run_until_interrupted(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """As `asyncio.run`; an interrupt that is raised within a callback of the loop ends the run, too.

    asyncio logs what a callback raises and goes on, except for KeyboardInterrupt and SystemExit. Dagster's signal
    handler raises an exception of its own, so one signal in many was lost.
    """
    interrupts: list[BaseException] = []

    async def run() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            error = context.get("exception")
            if error is None or isinstance(error, (Exception, asyncio.CancelledError)):
                loop.default_exception_handler(context)
            else:
                interrupts.append(error)
                task.cancel()

        loop.set_exception_handler(handle)
        return await coroutine

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if interrupts:
            raise interrupts[0] from None
        raise
