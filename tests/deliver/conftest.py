"""Real receivers on loopback, and a warehouse with the marts that alerts are read from."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from orchestration.config.alerts import AlertSettings, read_alerts
from orchestration.intervals import naive_utc
from orchestration.warehouse.connection import open_warehouse
from tests.http_servers import Asked, Server

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SECRET = "T0PSECRET"
EMAIL = "ada@example.com"


class Inbox(Server):
    """An HTTP receiver: what it was sent, and how it answers."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.on_message: Callable[[], object] = lambda: None
        super().__init__(self._reply)

    def _reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        self.paths.append(asked.path)
        if asked.method == "POST":
            self.messages.append(json.loads(asked.body) | {"status": self.status})
            self.on_message()
        return self.status, {}, b""

    @property
    def url(self) -> str:
        return f"json://{self.host}/{SECRET}"

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The messages that it said it took."""
        return [one for one in self.messages if one["status"] == 200]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


class Mailbox:
    """The handler of an SMTP server that keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[str, Mailbox]]:
    """The address of a real SMTP server, and its mailbox."""
    mailbox = Mailbox()
    # It connects to itself to begin, so it has to know its port.
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"mailto://127.0.0.1:{port}?from=warehouse@example.com&to=oncall@example.com&mode=insecure", mailbox
    controller.stop()


def settings_of(*urls: str, **more: str) -> AlertSettings:
    settings = read_alerts({"ALERT_URLS": " ".join(urls)} | more)
    assert settings
    return settings


@pytest.fixture
def marts(path: Path) -> Path:
    """A warehouse with empty marts."""
    with open_warehouse(path) as connection:
        connection.execute("""
            create schema marts;
            create table marts.findings (
                finding_id varchar, rule_id varchar, title varchar, severity varchar, subject_type varchar,
                subject_id varchar, organization_uuid varchar, actor_id varchar, summary varchar,
                is_open boolean, occurred_at timestamp, found_at timestamp
            );
            create table marts.users (user_id varchar, full_name varchar, current_email varchar);
            create table marts.compliance_reads (actor_id varchar, is_own_read boolean);
            create table marts.key_lifecycle (
                key_id varchar, key_type varchar, is_active boolean, created_at timestamp, first_seen_at timestamp,
                expires_at timestamp
            );
            insert into marts.users values ('user_ada', 'Ada Byron', 'ada@example.com');
        """)
    return path


def find(path: Path, number: int, severity: str = "high", *, is_open: bool = True) -> str:
    """Add a finding about Ada, made `number` minutes before now. Returns its id."""
    find_all(path, {number: severity}, is_open=is_open)
    return f"finding_{number}"


def find_all(path: Path, severities: dict[int, str], *, is_open: bool = True) -> None:
    """Add findings about Ada, by the minutes between each and now."""
    rows = [
        (
            f"finding_{number}", "mass_download", "Mass download", severity, "user", "user_ada", "org-1", EMAIL,
            f"{EMAIL} downloaded a lot", is_open, naive_utc(NOW - timedelta(minutes=number)), naive_utc(NOW),
        )
        for number, severity in severities.items()
    ]  # fmt: skip
    with open_warehouse(path) as connection:
        connection.executemany(f"insert into marts.findings values ({', '.join('?' * 12)})", rows)
