"""What the environment says: the sources to read and the file to store them in.

The only place, beside dbt's profile, that names environment variables. They are read when a run asks for them,
never at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr

from orchestration.sources import LOOPBACK, Source

ROOT = Path(__file__).resolve().parent.parent
PUBLIC_URL = "https://api.anthropic.com"
# A source is what one key can see, so the two kinds of key are two sources.
SOURCE_BY_KEY = {"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "compliance", "ANTHROPIC_ADMIN_KEY": "admin"}
KEY_VARIABLES = tuple(SOURCE_BY_KEY)
# Beyond these, settings are typing errors.
MOST_SECONDS = 24 * 3600
MOST_OVERLAP_MINUTES = 30 * 24 * 60
# Queryable within one minute of happening: a bound closer than that loses activities for good.
PUBLIC_SETTLE_SECONDS = 60


class ConfigurationError(Exception):
    """The environment does not make sense; `str()` is one sentence that says what to do."""


def warehouse_path(environment: Mapping[str, str]) -> Path:
    """The warehouse file; a relative `WAREHOUSE_PATH` is taken from the checkout."""
    return ROOT / (environment.get("WAREHOUSE_PATH") or "data/compliance.duckdb")


def read_source(environment: Mapping[str, str]) -> Source:
    """The source that the environment describes.

    Raises:
        ConfigurationError: a key is missing, or a value makes no sense.
    """
    url = _url(environment)
    variable = key_variable(environment)
    settle = _integer(environment, "FEED_SETTLE_SECONDS", 60, minimum=0, maximum=MOST_SECONDS)
    if httpx.URL(url).host == httpx.URL(PUBLIC_URL).host and settle < PUBLIC_SETTLE_SECONDS:
        raise ConfigurationError(
            f"FEED_SETTLE_SECONDS is {settle}, but the public feed needs {PUBLIC_SETTLE_SECONDS} or more: an "
            "activity can take a minute to appear. Raise it."
        )
    return Source(
        name=SOURCE_BY_KEY[variable],
        url=url,
        key=_key(environment, variable),
        start=_start(environment),
        settle=timedelta(seconds=settle),
        overlap=timedelta(
            minutes=_integer(environment, "FEED_OVERLAP_MINUTES", 60, minimum=0, maximum=MOST_OVERLAP_MINUTES)
        ),
        requests_per_minute=_integer(environment, "FEED_REQUESTS_PER_MINUTE", 300, minimum=1),
        page_size=_integer(environment, "FEED_PAGE_SIZE", 5000, minimum=1, maximum=5000),
        concurrency=_integer(environment, "FEED_CONCURRENCY", 4, minimum=1, maximum=64),
    )


def key_variable(environment: Mapping[str, str]) -> str:
    """The name of the variable that holds the key in use: the first of `KEY_VARIABLES` that is set.

    Raises:
        ConfigurationError: none is set.
    """
    for name in KEY_VARIABLES:
        if environment.get(name):
            return name
    raise ConfigurationError(
        f"No key for the Activity Feed. Set {' or '.join(KEY_VARIABLES)} in the environment or in .env; "
        "`make demo` runs without one."
    )


def _key(environment: Mapping[str, str], variable: str) -> SecretStr:
    key = environment[variable].strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(f"{variable} holds characters that no key has. Copy the key again, as a whole.")
    return SecretStr(key)


def _url(environment: Mapping[str, str]) -> str:
    text = (environment.get("COMPLIANCE_API_URL") or PUBLIC_URL).rstrip("/")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"COMPLIANCE_API_URL is {text!r}, which is no URL. Use one like {PUBLIC_URL}.")
    if url.userinfo:
        raise ConfigurationError("COMPLIANCE_API_URL holds a user name or password. Leave them out.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise ConfigurationError(
            f"COMPLIANCE_API_URL is {text!r}: the key would cross the network unencrypted. Use https."
        )
    return text


def _start(environment: Mapping[str, str]) -> datetime | None:
    text = environment.get("FEED_START")
    if not text:
        return None
    try:
        start = datetime.fromisoformat(text)
        start = start.astimezone(UTC) if start.tzinfo else start.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"FEED_START is {text!r}, which is no date or time. Use one like 2026-01-31."
        ) from None
    if start >= datetime.now(UTC):
        raise ConfigurationError(f"FEED_START is {text!r}, which is still to come. Use a time in the past.")
    return start


def _integer(
    environment: Mapping[str, str], name: str, default: int, *, minimum: int, maximum: int | None = None
) -> int:
    text = environment.get(name) or str(default)
    allowed = f"{minimum} or more" if maximum is None else f"{minimum} to {maximum}"
    try:
        value = int(text)
    except ValueError:
        value = minimum - 1
    if value < minimum or (maximum is not None and value > maximum):
        raise ConfigurationError(f"{name} is {text!r}. Use a whole number, {allowed}.")
    return value
