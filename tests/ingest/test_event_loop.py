"""A signal ends a run wherever it arrives in the event loop."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from orchestration.ingest.event_loop import run_until_interrupted


class Interrupted(BaseException):
    """As Dagster's signal handler raises it."""


@pytest.fixture
def raising() -> Iterator[None]:
    def handler(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGTERM, handler)
    yield
    signal.signal(signal.SIGTERM, before)


async def interrupted(by_callback: bool, undone: list[str]) -> None:
    def press() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        if by_callback:
            asyncio.get_running_loop().call_soon(press)
            await asyncio.Event().wait()
        press()
    finally:
        undone.append("cleaned up")


@pytest.mark.parametrize("by_callback", [True, False])
def test_an_interrupt_ends_the_run_wherever_it_is_raised(raising: None, by_callback: bool):
    undone: list[str] = []
    with pytest.raises(Interrupted):
        run_until_interrupted(interrupted(by_callback, undone))
    assert undone == ["cleaned up"]


class Struck:
    """A task's context in which a signal arrives when the event loop is about to wake the task."""

    def __init__(self, wakeups: int) -> None:
        self.wakeups = wakeups

    def run(self, callback: Callable[..., object], *arguments: object) -> None:
        self.wakeups -= 1
        if self.wakeups == 0:
            signal.raise_signal(signal.SIGTERM)
        callback(*arguments)


# A task that is left asleep cannot be cancelled either, so that only this timeout would end the test.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("wakeups", [1, 2])
def test_an_interrupt_in_the_event_loop_s_own_code_leaves_no_task_asleep(raising: None, wakeups: int):
    undone: list[str] = []

    async def work() -> None:
        await asyncio.sleep(0)
        await asyncio.Event().wait()

    async def group() -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(work(), context=Struck(wakeups))  # type: ignore[arg-type]
        finally:
            undone.append("cleaned up")

    with pytest.raises(Interrupted):
        run_until_interrupted(group())
    assert undone == ["cleaned up"]


@pytest.mark.parametrize("is_before", [True, False])
def test_an_interrupt_while_the_loop_is_opened_or_closed_is_raised(
    raising: None, monkeypatch: pytest.MonkeyPatch, is_before: bool
):
    start, handler = asyncio.run, signal.getsignal(signal.SIGTERM)

    def press_and_run(main: Coroutine[Any, Any, Any]) -> None:
        if is_before:
            signal.raise_signal(signal.SIGTERM)
        start(main)
        if not is_before:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(asyncio, "run", press_and_run)
    with pytest.raises(Interrupted):
        run_until_interrupted(asyncio.sleep(0))
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_result_and_an_error_pass_through():
    async def give(value: int) -> int:
        return 1 // value

    assert run_until_interrupted(give(1)) == 1
    with pytest.raises(ZeroDivisionError):
        run_until_interrupted(give(0))
