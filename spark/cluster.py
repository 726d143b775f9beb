"""A standalone Spark cluster on loopback, with a Thrift server: what a cluster of an organization is to dbt."""

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

EXECUTOR_MEMORY = "1g"
SERVER_MEMORY = "3g"


class Cluster:
    """A master, two workers of one core, and a Thrift server with the metastore. Ends with the `with` block.

    `home`: a Spark distribution, such as the directory of the package `pyspark`. `work`: for all that is written.
    """

    def __init__(self, home: Path, work: Path) -> None:
        self.port = _free_port()
        self._home, self._work = home, work
        self._master = f"spark://127.0.0.1:{_free_port()}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._work.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            port = self._master.rpartition(":")[2]
            self._start("master", "org.apache.spark.deploy.master.Master", "--port", port)
            _await_port(int(port), self._processes["master"])
            for name in ("worker1", "worker2"):
                self._start(
                    name, "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "2g",
                    "--work-dir", str(self._work / name), self._master,
                )  # fmt: skip
            self.start_server()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._processes):
            self.kill(name)

    def start_server(self) -> None:
        """Start the Thrift server, and wait until it accepts connections. Its metastore outlives it."""
        metastore = f"jdbc:derby:;databaseName={self._work / 'metastore'};create=true"
        settings = {
            "spark.executor.memory": EXECUTOR_MEMORY,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": str(self._work / "warehouse"),
            "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
            "spark.hadoop.hive.exec.scratchdir": str(self._work / "scratch"),
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.files.openCostInBytes": "65536",
        }
        self._start(
            "server", "org.apache.spark.deploy.SparkSubmit", "--master", self._master,
            *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
            "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal",
            "--hiveconf", "hive.server2.thrift.bind.host=127.0.0.1",
            "--hiveconf", f"hive.server2.thrift.port={self.port}",
        )  # fmt: skip
        _await_port(self.port, self._processes["server"])

    def kill(self, name: str) -> None:
        """Kill `master`, `worker1`, `worker2` or `server` if it runs, so that it can clear nothing away."""
        if process := self._processes.pop(name, None):
            process.kill()
            process.wait()

    def _start(self, name: str, main_class: str, *arguments: str) -> None:
        host = [] if main_class.endswith("SparkSubmit") else ["--host", "127.0.0.1", "--webui-port", "0"]
        with (self._work / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [self._home / "bin/spark-class", main_class, *host, *arguments],
                cwd=self._work,
                stdout=log,
                stderr=log,
                env=os.environ
                | {
                    "SPARK_HOME": str(self._home),
                    "SPARK_LOCAL_IP": "127.0.0.1",
                    "SPARK_LOCAL_DIRS": str(self._work / "tmp"),
                    "SPARK_DAEMON_MEMORY": SERVER_MEMORY if name == "server" else "256m",
                    # Without the compiler's second stage, which does not pay off in short queries.
                    "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                },
            )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port)):
                return
        except ConnectionRefusedError:
            time.sleep(0.2)
    raise RuntimeError(f"{process.args} ended with exit status {process.returncode}.")
