"""A run in a process of its own, to be killed. It imports no dbt, which would take seconds."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import uuid4

import dagster as dg

from orchestration.resources import Warehouse

SPAWN = multiprocessing.get_context("spawn")


def work(sender: Connection, receiver: Connection, home: str, run_id: str) -> None:
    """A job of one step that begins, and ends when it receives a message."""

    @dg.op(required_resource_keys={"warehouse"})
    def wait() -> None:
        sender.send("at work")
        receiver.recv()

    @dg.job(
        resource_defs={"warehouse": Warehouse(database=f"{home}/w.duckdb")}, executor_def=dg.in_process_executor
    )
    def waiting() -> None:
        wait()

    with dg.DagsterInstance.from_config(home) as instance:
        waiting.execute_in_process(instance=instance, run_id=run_id)
    sender.send("done")
    receiver.recv()


class Worker:
    """A run in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.run_id = str(uuid4())
        self.receiver, theirs = SPAWN.Pipe(duplex=False)
        orders, self.sender = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=work, args=(theirs, orders, str(home), self.run_id))
        self.process.start()
        theirs.close()
        orders.close()

    def message(self) -> str:
        assert self.receiver.poll(120), "no message from the run"
        return self.receiver.recv()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
