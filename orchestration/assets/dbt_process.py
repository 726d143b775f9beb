"""Runs the dbt of another environment as a child process, and reads its messages.

`DbtCliResource` would load the adapter in this process, where it is not installed, and would repeat dbt's
messages, which can quote records, on the output of the daemon.
"""

import fcntl
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from orchestration.errors import ExplainedError

LOCK_NAME = "dbt.lock"
# How long dbt may take to end after an interrupt; then it is killed.
_END_SECONDS = 25.0
_LOG_BYTES = 2_000_000
_SHOWN_FAILURES = 5
_SHOWN_LENGTH = 300
# Spark's name of an error, such as [DIVIDE_BY_ZERO]. The words behind it can quote a value.
_ERROR_CLASS = re.compile(r"\[[A-Z][A-Z0-9_.]+\]")
# What dbt says, and what is to be done.
_ADVICE = {
    "Could not find adapter type": "has no adapter for Spark. Install dbt-spark[PyHive] beside it",
    "additional dependencies": "cannot connect by SPARK_METHOD. Install dbt-spark[PyHive] beside it",
}
_UNREACHABLE = ("failed to connect", "Could not connect", "Connection refused", "Name or service not known")

log = logging.getLogger(__name__)

Message = dict[str, Any]


class DbtError(ExplainedError):
    """dbt could not be run, or failed."""


@dataclass(frozen=True, slots=True)
class DbtProcess:
    """The dbt executable of another environment. Artifacts, log and lock are in `directory`.

    `setting`: the variable that names the executable; `environment`: the variables that dbt gets.
    """

    executable: Path
    directory: Path
    project: Path
    environment: Mapping[str, str]
    target: str = "spark"
    setting: str = "SPARK_DBT"

    @contextmanager
    def lock(self) -> Iterator[int]:
        """The lock of this directory, as a file descriptor for `run`.

        dbt inherits it: if this process is killed, the lock stays taken as long as dbt goes on.

        Raises:
            DbtError: a dbt is running.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.directory / LOCK_NAME).open("a+") as file:
            if not _lock(file):
                raise DbtError(
                    f"A build that an earlier run began is still running, and holds {file.name}. Wait for its "
                    "end, or end that dbt."
                )
            file.truncate(0)
            yield file.fileno()

    def note(self, lock: int, text: str) -> None:
        """Write a note into the lock, for `read_note`."""
        os.pwrite(lock, text.encode(), 0)

    def run(self, lock: int, arguments: Sequence[str], on_message: Callable[[Message], None]) -> None:
        """Run a command to its end, and call `on_message` with each message.

        Raises:
            DbtError: it failed.
        """
        results = self.directory / "run_results.json"
        results.unlink(missing_ok=True)
        errors: list[str] = []
        process = self._start(lock, arguments)
        try:
            assert process.stdout is not None
            last = ""
            is_dbt = False
            for line in process.stdout:
                message = _message(line)
                if message is None:
                    last = line.decode(errors="replace").strip() or last
                    continue
                is_dbt = True
                if message["info"]["level"] == "error":
                    errors.append(message["info"]["msg"])
                on_message(message)
            status = process.wait()
        except BaseException:
            _end(process)
            raise
        if status:
            if not is_dbt:
                raise DbtError(
                    f"{self.setting} is {self.executable}, which ended with status {status} and is no dbt: "
                    f"{last[:_SHOWN_LENGTH]}"
                )
            raise DbtError(self._failure(results, errors or [f"It ended with status {status}."]))

    def _start(self, lock: int, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        places = ("--target-path", self.directory, "--log-path", self.directory)
        options = ("--log-format", "json", "--log-level", "info", "--log-file-max-bytes", _LOG_BYTES)
        command = [
            self.executable, *options, *arguments, "--target", self.target,
            "--project-dir", self.project, "--profiles-dir", self.project, *places,
        ]  # fmt: skip
        try:
            return subprocess.Popen(
                [str(one) for one in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.directory,
                pass_fds=[lock],
            )
        except OSError as error:
            raise DbtError(
                f"{self.setting} is {self.executable}, which cannot be run: {error.strerror}. Name the dbt of an "
                "environment with dbt-spark; `make .venv-spark/.installed` makes .venv-spark/bin/dbt."
            ) from None

    def _failure(self, results: Path, errors: Sequence[str]) -> str:
        failed = _failed(results)
        where = f"in {len(failed)} node(s)" if failed else "as a whole"
        reason = " ".join(failed[:_SHOWN_FAILURES]) or self._reason(errors)
        return f"dbt failed {where}. {reason} The full log is {self.directory / 'dbt.log'}."

    def _reason(self, errors: Sequence[str]) -> str:
        text = " ".join(errors[-1].split())
        for words, advice in _ADVICE.items():
            if words in text:
                return f"{self.setting} ({self.executable}) {advice}."
        if any(words in text for words in _UNREACHABLE):
            host, port = self.environment.get("SPARK_HOST"), self.environment.get("SPARK_PORT", "10000")
            return f"Spark cannot be reached at {host}:{port}. Check SPARK_HOST and SPARK_PORT, and that it runs."
        return text[:_SHOWN_LENGTH]


def spark_directory(warehouse: Path) -> Path:
    """The directory of the builds on Spark: beside dbt's other files, so that a removal deletes both."""
    return warehouse.with_suffix(".dbt").absolute() / "spark"


def read_note(directory: Path) -> str:
    """The note of the dbt that is running in the directory; "" if none is."""
    try:
        with (directory / LOCK_NAME).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
    except FileNotFoundError:
        return ""
    except BlockingIOError:
        return (directory / LOCK_NAME).read_text()


def _lock(file: IO[str]) -> bool:
    """Whether the lock could be taken. `read_note` holds it for a moment."""
    for _ in range(10):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _message(line: bytes) -> Message | None:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and {"info", "data"} <= message.keys() else None


def _failed(results: Path) -> list[str]:
    """Each failed node with the first line of its error, which quotes no data, and Spark's name of the error."""
    if not results.exists():
        return []
    failed = []
    for node in orjson.loads(results.read_bytes())["results"]:
        if node["status"] in ("error", "fail"):
            message = node["message"] or "no message"
            known = _ERROR_CLASS.search(message)
            name = node["unique_id"].split(".")[2]
            failed.append(f"{name}: {message.strip().splitlines()[0]}{f' {known[0]}' if known else ''}.")
    return failed


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt dbt, which then cancels what runs, and wait for its end."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("dbt did not end within %d seconds, and was killed.", _END_SECONDS)
        process.kill()
        process.wait()
