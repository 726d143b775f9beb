"""Settings of alerts and the heartbeat. Addresses hold secrets and are never shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
from pydantic import SecretStr

from orchestration.config.settings import ROOT, Settings, read_key
from orchestration.config.sources import LOOPBACK
from orchestration.config.values import SEVERITIES, ConfigurationError

ALERT_URLS = "ALERT_URLS"
HEARTBEAT_URL = "HEARTBEAT_URL"
_SCHEME = re.compile(r"([a-z][a-z0-9_+-]*)://.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """`urls`: by the name of the receiver, its scheme and its number among those of that scheme ("slack 1").

    `severities`: findings and expiring keys of these are sent, most severe first. `is_full`: with names.
    `stuck_after`: a run that waits or works longer is stuck.
    """

    urls: Mapping[str, SecretStr]
    severities: tuple[str, ...]
    is_full: bool
    stuck_after: timedelta


def read_alerts(environment: Mapping[str, str]) -> AlertSettings | None:
    """The alerts of the environment; None where there is no receiver.

    Raises:
        ConfigurationError: a value is invalid, or the file of addresses cannot be read.
    """
    urls = _receivers(_addresses(environment))
    if not urls:
        return None
    read = Settings.read(environment, "alert_severity", "alert_detail", "alert_stuck_minutes")
    return AlertSettings(
        urls=urls,
        severities=SEVERITIES[: SEVERITIES.index(read.alert_severity) + 1],
        is_full=read.alert_detail == "full",
        stuck_after=timedelta(minutes=read.alert_stuck_minutes),
    )


def heartbeat_url(environment: Mapping[str, str]) -> SecretStr | None:
    """The address that is called after each success; None where none is set.

    Raises:
        ConfigurationError: it is not an https address, or its file cannot be read.
    """
    if not any(environment.get(name, "").strip() for name in (HEARTBEAT_URL, f"{HEARTBEAT_URL}_FILE")):
        return None
    read = read_key(environment, HEARTBEAT_URL)
    try:
        url = httpx.URL(read.get_secret_value())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if not (url.scheme == "https" and url.host) and not (url.scheme == "http" and url.host in LOOPBACK):
        raise ConfigurationError(f"{HEARTBEAT_URL} is not an https address. Copy all of it again.")
    return read


def _addresses(environment: Mapping[str, str]) -> str:
    if text := environment.get(ALERT_URLS, "").strip():
        return text
    name = environment.get(f"{ALERT_URLS}_FILE", "").strip()
    if not name:
        return ""
    try:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigurationError(
            f"{ALERT_URLS}_FILE names {ROOT / name}, which cannot be read ({reason}). Name a file with one "
            "address a line."
        ) from None
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def _receivers(text: str) -> dict[str, SecretStr]:
    """Addresses by the names of their receivers. Commas belong to addresses, so only space is between them."""
    receivers: dict[str, SecretStr] = {}
    counts: dict[str, int] = {}
    for number, address in enumerate(text.split(), 1):
        found = _SCHEME.match(address)
        if not found:
            raise ConfigurationError(
                f"{ALERT_URLS}: number {number} is not an address. Use ones like mailtos://… or slack://…, with "
                "spaces or line ends between them."
            )
        scheme = found[1].lower()
        counts[scheme] = counts.get(scheme, 0) + 1
        receivers[f"{scheme} {counts[scheme]}"] = SecretStr(address)
    return receivers
