"""Sends messages through Apprise. Addresses hold secrets: neither they nor what Apprise says of them is shown."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import apprise
from pydantic import SecretStr

from orchestration.config.alerts import ALERT_URLS
from orchestration.config.values import ConfigurationError
from orchestration.deliver.messages import APPLICATION, Message

SEND_SECONDS = 20.0
_STATUS = re.compile(r"error=(\d{3})\b")
_TYPES = {"critical": apprise.NotifyType.FAILURE, "high": apprise.NotifyType.FAILURE}


class Receiver:
    """One address. Its name may be shown."""

    def __init__(self, name: str, url: SecretStr) -> None:
        """Raises ConfigurationError where Apprise does not know such an address."""
        self.name = name
        # Nothing is kept on disk, no picture is linked, no redirect followed to where the operator did not point.
        asset = apprise.AppriseAsset(
            app_id=APPLICATION, app_desc=APPLICATION, app_url="", image_url_mask="", image_url_logo="",
            storage_mode=apprise.PersistentStoreMode.MEMORY, service_timeout=SEND_SECONDS, async_mode=False,
            http_redirects=False, allow_templates=False,
        )  # fmt: skip
        self._apprise = apprise.Apprise(asset=asset)
        with _quiet():
            is_known = self._apprise.add(url.get_secret_value())
        if not is_known:
            raise ConfigurationError(
                f"{ALERT_URLS}: Apprise does not understand the address of {name}. docs/alerts.md has examples."
            )

    def send(self, message: Message) -> str | None:
        """Send it. Returns why it failed, without any part of the address; None if the receiver accepted it."""
        entries: list[str] = []
        with _quiet():
            result = self._apprise.notify(
                title=message.title,
                body=message.body,
                notify_type=_TYPES.get(message.severity, apprise.NotifyType.WARNING),
                body_format=apprise.NotifyFormat.TEXT,
                log_callback=lambda entry, _: entries.append(str(entry)),
                log_level=logging.WARNING,
            )
        if result:
            return None
        statuses = [found[1] for entry in entries if (found := _STATUS.search(entry))]
        if statuses:
            return f"the receiver answered with status {statuses[-1]}"
        return "the receiver could not be reached, did not answer in time, or refused the message"


def open_receivers(urls: Mapping[str, SecretStr]) -> list[Receiver]:
    """The receivers of all addresses.

    Raises:
        ConfigurationError: Apprise does not know such an address.
    """
    return [Receiver(name, url) for name, url in urls.items()]


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses the logs of Apprise and its HTTP clients, which contain addresses and messages."""
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3", "requests")]
    before = [(one, one.propagate, one.level) for one in loggers]
    handler = logging.NullHandler()
    try:
        for one in loggers:
            one.propagate = False
            one.setLevel(logging.WARNING)
            one.addHandler(handler)
        yield
    finally:
        for one, propagate, level in before:
            one.propagate = propagate
            one.setLevel(level)
            one.removeHandler(handler)
