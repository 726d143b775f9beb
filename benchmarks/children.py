"""Runs a command as a child process and measures what it costs."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """The cost of one run.

    `seconds`: measured by the task itself, without the start of Python. `cpu_seconds` (user and system) and
    `peak_megabytes`: of the whole process. `output`: the JSON object that the task printed last.
    """

    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    output: dict[str, Any]


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Cost:
    """Run the command to its end; its last line of output is JSON with `seconds`.

    Raises:
        RuntimeError: the command failed; with the end of its output.
    """
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{output[-2000:]}")
    result = json.loads(output.strip().splitlines()[-1])
    return Cost(result["seconds"], usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, result)
