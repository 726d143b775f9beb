"""A run in a process of its own, to be killed. It imports no dbt, which would take seconds."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import uuid4

import dagster as dg

from orchestration.resources import Warehouse

SPAWN = multiprocessing.get_context("spawn")


def work(says: Connection, hears: Connection, home: str, run_id: str) -> None:
    """A job of one step that begins, and ends when it hears of it."""

    @dg.op(required_resource_keys={"warehouse"})
    def wait() -> None:
        says.send("at work")
        hears.recv()

    @dg.job(
        resource_defs={"warehouse": Warehouse(database=f"{home}/w.duckdb")}, executor_def=dg.in_process_executor
    )
    def waiting() -> None:
        wait()

    with dg.DagsterInstance.from_config(home) as instance:
        waiting.execute_in_process(instance=instance, run_id=run_id)
    says.send("done")
    hears.recv()


class Worker:
    """A run in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.run_id = str(uuid4())
        self.hears, says = SPAWN.Pipe(duplex=False)
        hears, self.says = SPAWN.Pipe(duplex=False)
        self.process = SPAWN.Process(target=work, args=(says, hears, str(home), self.run_id))
        self.process.start()
        says.close()
        hears.close()

    def hear(self) -> str:
        assert self.hears.poll(120), "the run says nothing"
        return self.hears.recv()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
