"""The people of these tests, and what is done to a warehouse that names them."""

from datetime import datetime, timedelta
from pathlib import Path

from orchestration.evidence import seal_file
from orchestration.evidence.seals import seal_days
from orchestration.intervals import Kind, Slice
from orchestration.privacy.erasure import RemovalRequest
from orchestration.verification.verify import Verification, verify
from orchestration.warehouse.connection import open_warehouse
from tests.histories import FIRST_DAY, land_slice

ADA, EMAIL = "user_ada01", "ada@example.com"
BOB = "user_bob01"
ORDER = RemovalRequest("privacy office", "request 17")
DAY = timedelta(days=1)


def by(user_id: str, email: str = "") -> dict:
    return {
        "actor": {"type": "user_actor", "user_id": user_id, "email_address": email or f"{user_id}@example.com"}
    }


def know_users(path: Path, **emails: list[str]) -> None:
    """The one mart that says which addresses a user has had, as a build would make it."""
    with open_warehouse(path) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create or replace table marts.users (user_id varchar, emails varchar[])")
        for user_id, addresses in emails.items():
            connection.execute("insert into marts.users values (?, ?)", [user_id, addresses])


def again(path: Path, *records: bytes, day: datetime = FIRST_DAY, source: str = "test"):
    """The day is read once more and gives these records."""
    time_slice = Slice(Kind.RECONCILE, day, day + DAY, day + DAY)
    with open_warehouse(path) as connection:
        return land_slice(connection, *records, time_slice=time_slice, source=source)


def seal(path: Path) -> None:
    with open_warehouse(path) as connection:
        seal_days(connection)


def checked(path: Path, kept: Path | None = None) -> Verification:
    return verify(path, seal_file.read(kept) if kept else None)


def findings(path: Path) -> dict[str, str]:
    return {one.name: one.first for one in checked(path).findings}
