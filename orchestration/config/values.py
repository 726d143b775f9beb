"""Single settings, checked: a whole number, an address, a moment, a key. `said` names where the value stands.

A wrong value is one sentence that names the setting, says what is wrong with it and what to do; it never repeats
a key.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import httpx
from pydantic import SecretStr

from orchestration.config.sources import LOOPBACK
from orchestration.errors import ExplainedError

PUBLIC_URL = "https://api.anthropic.com"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ConfigurationError(ExplainedError):
    """The configuration does not make sense; `str()` is one sentence that says what to do."""


class KeyMissing(ConfigurationError):
    """There is no key, or none that can be read: a fault of the one source that it opens."""


def integer(said: str, value: object, *, minimum: int, maximum: int | None = None, is_text: bool = False) -> int:
    """A whole number within bounds; the environment gives it as text.

    Raises:
        ConfigurationError: it is none.
    """
    allowed = f"{minimum} or more" if maximum is None else f"{minimum} to {maximum}"
    try:
        # TOML's `true` and `1.5` would pass for numbers.
        number = int(value) if is_text or type(value) is int else minimum - 1
    except ValueError:
        number = minimum - 1
    if number < minimum or (maximum is not None and number > maximum):
        raise ConfigurationError(f"{said} is {value!r}. Use a whole number, {allowed}.")
    return number


def text(said: str, value: object) -> str:
    """A text that is not empty.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{said} is {value!r}. Use a text in quotes.")
    return value.strip()


def variable_name(said: str, value: object) -> str:
    """The name of an environment variable. A value that is none is not repeated: it may be a key.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise ConfigurationError(
            f"{said} is no name of an environment variable. Name the variable that holds the key, not the key."
        )
    return value


def address(said: str, value: object) -> str:
    """The base address of a feed: https, or http on loopback, without a user name.

    Raises:
        ConfigurationError: it is none.
    """
    address = text(said, value).rstrip("/")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.userinfo:
        raise ConfigurationError(f"{said} holds a user name or password. Leave them out.")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"{said} is {address!r}, which is no URL. Use one like {PUBLIC_URL}.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise ConfigurationError(f"{said} is {address!r}: the key would cross the network unencrypted. Use https.")
    return address


def moment(said: str, value: object) -> datetime:
    """A moment in the past, in UTC: text in the form of ISO 8601, or a date or time of TOML's own.

    Raises:
        ConfigurationError: it is none.
    """
    shown = value if isinstance(value, str) else str(value)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif type(value) is date:
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            raise ValueError
        start = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{said} is {shown!r}, which is no date or time. Use one like 2026-01-31."
        ) from None
    if start >= datetime.now(UTC):
        raise ConfigurationError(f"{said} is {shown!r}, which is still to come. Use a time in the past.")
    return start


def key(said: str, value: str) -> SecretStr:
    """A key as it is sent; space and line ends around it do not count.

    Raises:
        KeyMissing: it cannot be a key.
    """
    secret = value.strip()
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise KeyMissing(f"{said} holds characters that no key has. Copy the key again, as a whole.")
    return SecretStr(secret)


def key_in_file(said: str, path: Path) -> SecretStr:
    """The key that a file holds, for secrets that are mounted.

    Raises:
        KeyMissing: the file cannot be read, is empty, or holds no key.
    """
    try:
        value = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise KeyMissing(
            f"{said} names {path}, which cannot be read ({reason}). Name a file that holds the key."
        ) from None
    if not value.strip():
        raise KeyMissing(f"{said} names {path}, which is empty. Put the key there.")
    return key(f"{path}, named by {said},", value)
