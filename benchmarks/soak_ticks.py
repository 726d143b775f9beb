"""Runs commands of whichever version of the product is on PYTHONPATH, each in a process of its own.

Forked from one that has imported everything, a tick costs what the command does and not the start of Python.
Speaks in lines of JSON; `benchmarks.soak` is at the other end.
"""

import json
import os
import signal
import sys
import time
from typing import NoReturn

import orchestration.definitions  # noqa: F401
from orchestration.__main__ import main


def _command(words: list[str], environment: dict[str, str], log: str) -> NoReturn:
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["orchestration", *words]
    try:
        status = main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(bool(end.code))
    # Not os._exit: files of SQLite that nobody closes keep their logs, 4 MB each.
    raise SystemExit(status)


def _run(request: dict[str, object]) -> dict[str, float]:
    began = time.monotonic()
    child = os.fork()
    if not child:
        _command(request["words"], request["environment"], request["log"])
    kill_after = request["kill_after"]
    while kill_after is not None and not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if time.monotonic() - began > kill_after:
            os.kill(child, signal.SIGKILL)
            break
        time.sleep(0.01)
    _, status, usage = os.wait4(child, 0)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_megabytes": usage.ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_run(json.loads(line))), flush=True)
