"""Dagster's home: where it is, and the configuration of the instance in it, which is the operator's."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from orchestration.permissions import keep_private

ROOT = Path(__file__).resolve().parent.parent
FILE_NAME = "dagster.yaml"
# What earlier versions put there, as SHA-256. A file that nobody has changed since follows the version.
_SHIPPED = {
    "0d2e8c7dc08527ab59255e296cf516ba831af2ee585249fa3e44c28d5eb49d68",
    "420ddc7b2095c9d94c9c00e9465ef7d15f504e590e2b1a2114c487fe1f980b35",
}


def prepare_home() -> str:
    """Make the home that `DAGSTER_HOME` names, and put our `dagster.yaml` there where there is none.

    A relative path means the checkout. Returns a sentence where the file there is not ours, else nothing.
    """
    home = (ROOT / (os.environ.get("DAGSTER_HOME") or ".dagster")).resolve()
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    ours, theirs = ROOT / FILE_NAME, home / FILE_NAME
    if not theirs.exists() or _sha256(theirs) in _SHIPPED:
        shutil.copyfile(ours, theirs)
    keep_private()
    if _sha256(theirs) == _sha256(ours):
        return ""
    return f"{theirs} differs from {ours}, and is used as it is. Compare the two after an upgrade."


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
