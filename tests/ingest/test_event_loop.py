"""A signal ends a run wherever it arrives in the event loop."""

import asyncio
import os
import signal
from collections.abc import Iterator

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


def test_a_result_and_an_error_pass_through():
    async def give(value: int) -> int:
        return 1 // value

    assert run_until_interrupted(give(1)) == 1
    with pytest.raises(ZeroDivisionError):
        run_until_interrupted(give(0))
