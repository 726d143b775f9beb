"""One-time tokens that confirm a removal which Dagster runs.

A page in a browser may be able to start a run, but cannot read a terminal: `erase` and `retain` on the command
line print a token, and the job removes nothing without it. Only a hash of the token is kept, beside the warehouse.
"""

import hashlib
import hmac
import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.warehouse.errors import WarehouseError

VALID_FOR = timedelta(minutes=10)
_REFUSED = (
    "Nothing was removed: the confirmation is missing, used, too old or for another removal. Run `make erase` or "
    "`make retain` without YES=1 on the machine of the warehouse, and give the run the token that it prints."
)


def issue(path: Path, kind: str, subject: str = "") -> str:
    """Make a token for one removal from the warehouse at `path`. An earlier one is no longer valid.

    Raises:
        WarehouseError: it cannot be kept beside the warehouse.
    """
    token = secrets.token_urlsafe(24)
    kept = {"sha256": _digest(token, kind, subject), "issued_at": datetime.now(UTC).isoformat()}
    file = _file(path)
    try:
        file.unlink(missing_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
            json.dump(kept, written)
    except OSError as error:
        raise WarehouseError(f"Cannot write {file}: {error.strerror}.") from None
    return token


def describe(path: Path, kind: str, subject: str) -> str:
    """Issue a token, and say how a run of Dagster uses it."""
    token = issue(path, kind, subject)
    stated = f" and `subject: {subject}`" if "@" not in subject and kind == "erasure" else ""
    minutes = VALID_FOR // timedelta(minutes=1)
    return f"In Dagster: `kind: {kind}` with `confirmation: {token}`{stated}, once, within {minutes} minutes."


def redeem(path: Path, token: str, kind: str, subject: str = "") -> None:
    """Use a token up. A wrong one does not use up the right one.

    Raises:
        WarehouseError: it is not the token of this removal, or not valid any more.
    """
    file = _file(path)
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        age = datetime.now(UTC) - datetime.fromisoformat(kept["issued_at"])
        is_valid = hmac.compare_digest(kept["sha256"], _digest(token, kind, subject))
    except (OSError, ValueError, TypeError, KeyError):
        raise WarehouseError(_REFUSED) from None
    if not (is_valid and timedelta(0) <= age <= VALID_FOR):
        raise WarehouseError(_REFUSED)
    try:
        file.unlink()
    except OSError as error:
        raise WarehouseError(f"Nothing was removed: {file} cannot be removed: {error.strerror}.") from None


def _file(path: Path) -> Path:
    resolved = path.resolve()
    return resolved.with_name(f"{resolved.name}.confirmation")


def _digest(token: str, kind: str, subject: str) -> str:
    return hashlib.sha256(json.dumps([token, kind, subject]).encode()).hexdigest()
