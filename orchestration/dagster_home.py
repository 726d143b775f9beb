"""Sets up `DAGSTER_HOME` with our `dagster.yaml`, and never overwrites one that the operator has edited."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from orchestration.permissions import keep_private

if TYPE_CHECKING:
    from dagster import DagsterInstance

ROOT = Path(__file__).resolve().parent.parent
FILE_NAME = "dagster.yaml"
# SHA-256 of the files that earlier versions shipped. An unedited copy of one is upgraded.
_SHIPPED = {
    "0d2e8c7dc08527ab59255e296cf516ba831af2ee585249fa3e44c28d5eb49d68",
    "420ddc7b2095c9d94c9c00e9465ef7d15f504e590e2b1a2114c487fe1f980b35",
}


def prepare_home() -> str:
    """Create the directory that `DAGSTER_HOME` names, and copy our `dagster.yaml` into it if it has none.

    A relative path is relative to the checkout. Returns a warning if the file there differs from ours, else "".
    """
    home = (ROOT / (os.environ.get("DAGSTER_HOME") or ".dagster")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    shipped, installed = ROOT / FILE_NAME, home / FILE_NAME
    if not installed.exists() or _sha256(installed) in _SHIPPED:
        shutil.copyfile(shipped, installed)
    keep_private()
    if _sha256(installed) == _sha256(shipped):
        return ""
    return f"{installed} differs from {shipped}, and is used as it is. Compare the two after an upgrade."


def open_instance() -> DagsterInstance:
    """Dagster's instance, which creates its storage where there is none: one process at a time.

    Two at once, such as a daemon and a web server started together, would leave a storage that cannot be opened.
    """
    from dagster import DagsterInstance

    with FileLock(Path(os.environ["DAGSTER_HOME"], "storage.lock")):
        return DagsterInstance.get()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
