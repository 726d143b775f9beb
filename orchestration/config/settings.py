"""What the environment says: the sources to read, how much a run may do, and the file to store it all in.

The only place, beside `publishing` and dbt's profile, that names environment variables. They are read when a run
asks for them, never at import. Several sources stand in a file, which `source_file` reads.
"""

from __future__ import annotations

import grp
from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import fields as all_fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from orchestration.config import values
from orchestration.config.source_file import check_together, read_tables
from orchestration.config.sources import Bounds, Source
from orchestration.config.values import PUBLIC_URL, ConfigurationError
from orchestration.intervals import DEFAULT_OVERLAP, DEFAULT_SETTLE

__all__ = [
    "ROOT",
    "ConfigurationError",
    "key_variable",
    "postgres_url",
    "published_group",
    "published_path",
    "raw_days",
    "read_bounds",
    "read_key",
    "read_source",
    "read_sources",
    "run_history_days",
    "warehouse_path",
]

ROOT = Path(__file__).resolve().parents[2]
# A source is what one key can see, so the two kinds of key are two sources.
SOURCE_BY_KEY = {"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "compliance", "ANTHROPIC_ADMIN_KEY": "admin"}
KEY_VARIABLES = tuple(SOURCE_BY_KEY)
# The environment's value is the default of the field in the file of sources.
VARIABLES = {
    "url": "COMPLIANCE_API_URL",
    "start": "FEED_START",
    "settle_seconds": "FEED_SETTLE_SECONDS",
    "overlap_minutes": "FEED_OVERLAP_MINUTES",
    "requests_per_minute": "FEED_REQUESTS_PER_MINUTE",
    "page_size": "FEED_PAGE_SIZE",
    "concurrency": "FEED_CONCURRENCY",
}
# What is not set is what a source or a run is without settings.
_DEFAULTS: dict[str, Any] = {one.name: one.default for kind in (Source, Bounds) for one in all_fields(kind)}
# Beyond these, settings are typing errors.
MAX_SECONDS = 24 * 3600
MAX_OVERLAP_MINUTES = 30 * 24 * 60
MAX_RUN_MINUTES = 24 * 60
MAX_DAYS = 6 * 366
# The checks of lateness look back 30 days.
MIN_RAW_DAYS = 31
# Queryable within one minute of happening: a bound closer than that loses activities for good.
PUBLIC_SETTLE_SECONDS = 60


def warehouse_path(environment: Mapping[str, str]) -> Path:
    """The warehouse file; a relative `WAREHOUSE_PATH` is taken from the checkout."""
    return ROOT / (environment.get("WAREHOUSE_PATH") or "data/compliance.duckdb")


def published_path(environment: Mapping[str, str]) -> Path:
    """The directory that is published into; a relative `PUBLISHED_PATH` is taken from the checkout."""
    return ROOT / (environment.get("PUBLISHED_PATH") or "published")


def published_group(environment: Mapping[str, str], variable: str = "PUBLISHED_GROUP") -> int | None:
    """The id of the group that may read what is published; null where nobody but the owner may.

    Raises:
        ConfigurationError: there is no group of the name that the variable holds.
    """
    name = (environment.get(variable) or "").strip()
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        raise ConfigurationError(
            f"{variable} is {name!r}, and this machine has no such group. Make it, or name another."
        ) from None


def postgres_url(environment: Mapping[str, str]) -> SecretStr | None:
    """The PostgreSQL database that is published into as well; null where none is wanted.

    Raises:
        ConfigurationError: `PUBLISH_POSTGRES_URL` is no URL of PostgreSQL.
    """
    text = (environment.get("PUBLISH_POSTGRES_URL") or "").strip()
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ConfigurationError(
            "PUBLISH_POSTGRES_URL is no URL of PostgreSQL. Use one like postgresql://user:password@host:5432/database."
        )
    return SecretStr(text) if text else None


def raw_days(environment: Mapping[str, str]) -> int | None:
    """For how many days records are kept; null where they are kept for good.

    Raises:
        ConfigurationError: `RAW_DAYS` makes no sense.
    """
    text = (environment.get("RAW_DAYS") or "").strip()
    return values.integer("RAW_DAYS", text, minimum=MIN_RAW_DAYS, is_text=True) if text else None


def run_history_days(environment: Mapping[str, str]) -> int:
    """For how many days Dagster remembers runs, their events and the results of checks.

    Raises:
        ConfigurationError: `RUN_HISTORY_DAYS` makes no sense.
    """
    text = environment.get("RUN_HISTORY_DAYS") or "90"
    return values.integer("RUN_HISTORY_DAYS", text, minimum=1, is_text=True)


def read_sources(environment: Mapping[str, str]) -> list[Source]:
    """The sources of the file that `FEED_SOURCES` names; without a file, the one source of the environment.

    Raises:
        ConfigurationError: a value makes no sense, or without a file the key is missing. In a file a missing key
            is the `fault` of its source alone.
    """
    file = _source_file(environment)
    if file is None:
        return [read_source(environment)]
    tables = read_tables(file, ("key_variable", "budget", *VARIABLES))
    sources = [
        _source_of_table(_Fields(environment, f"{file.name}: source {name}: ", table), name)
        for name, table in tables.items()
    ]
    check_together(file, sources, {name: table["key_variable"] for name, table in tables.items()})
    return sources


def read_source(environment: Mapping[str, str]) -> Source:
    """The one source that the environment alone describes.

    Raises:
        ConfigurationError: the key is missing, or a value makes no sense.
    """
    variable = key_variable(environment)
    return _source(_Fields(environment), SOURCE_BY_KEY[variable], read_key(environment, variable))


def read_bounds(environment: Mapping[str, str]) -> Bounds:
    """How much one run may do.

    Raises:
        ConfigurationError: a value makes no sense.
    """

    def number(name: str, default: int, maximum: int | None = None) -> int:
        value = environment.get(name) or str(default)
        return values.integer(name, value, minimum=1, maximum=maximum, is_text=True)

    return Bounds(
        backfill_time=timedelta(minutes=number("FEED_RUN_MINUTES", 10, MAX_RUN_MINUTES)),
        reconcile_days=number("FEED_RECONCILE_DAYS", _DEFAULTS["reconcile_days"], MAX_DAYS),
        reconcile_requests=number("FEED_RECONCILE_REQUESTS", _DEFAULTS["reconcile_requests"]),
        reconcile_every=timedelta(
            days=number("FEED_RECONCILE_EVERY_DAYS", _DEFAULTS["reconcile_every"].days, MAX_DAYS)
        ),
    )


def key_variable(environment: Mapping[str, str]) -> str:
    """The name of the variable of the key in use: the first of `KEY_VARIABLES` that is set, or set by a file.

    Raises:
        ConfigurationError: none is set.
    """
    for name in KEY_VARIABLES:
        if environment.get(name) or environment.get(f"{name}_FILE"):
            return name
    raise ConfigurationError(
        f"No key for the Activity Feed. Set {' or '.join(KEY_VARIABLES)} in the environment or in .env; "
        "`make demo` runs without one."
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of one source: from its table in the file, else from the environment."""

    environment: Mapping[str, str]
    place: str = ""
    table: Mapping[str, object] = field(default_factory=dict)

    def said(self, name: str) -> str:
        """How a sentence names the field: by where its value stands."""
        return f"{self.place}{name}" if name in self.table else VARIABLES[name]

    def get(self, name: str, default: object = None) -> object:
        if name in self.table:
            return self.table[name]
        return self.environment.get(VARIABLES.get(name, "")) or default

    def integer(self, name: str, default: int, *, minimum: int, maximum: int | None = None) -> int:
        value = self.get(name, str(default))
        return values.integer(
            self.said(name), value, minimum=minimum, maximum=maximum, is_text=name not in self.table
        )


def _source_of_table(fields: _Fields, name: str) -> Source:
    said = fields.said("key_variable")
    variable = values.variable_name(said, fields.get("key_variable"))
    try:
        return _source(fields, name, read_key(fields.environment, variable))
    except values.KeyMissing as error:
        return _source(fields, name, SecretStr(""), f"{said}: {error}")


def _source(fields: _Fields, name: str, key: SecretStr, fault: str | None = None) -> Source:
    url = values.address(fields.said("url"), fields.get("url", PUBLIC_URL))
    settle = fields.integer("settle_seconds", DEFAULT_SETTLE.seconds, minimum=0, maximum=MAX_SECONDS)
    if httpx.URL(url).host == httpx.URL(PUBLIC_URL).host and settle < PUBLIC_SETTLE_SECONDS:
        raise ConfigurationError(
            f"{fields.said('settle_seconds')} is {settle}, but the public feed needs {PUBLIC_SETTLE_SECONDS} or "
            "more: an activity can take a minute to appear. Raise it."
        )
    start, budget = fields.get("start"), fields.get("budget")
    overlap = fields.integer(
        "overlap_minutes", DEFAULT_OVERLAP.seconds // 60, minimum=0, maximum=MAX_OVERLAP_MINUTES
    )
    return Source(
        name=name,
        url=url,
        key=key,
        start=None if start is None else values.moment(fields.said("start"), start),
        settle=timedelta(seconds=settle),
        overlap=timedelta(minutes=overlap),
        requests_per_minute=fields.integer("requests_per_minute", _DEFAULTS["requests_per_minute"], minimum=1),
        page_size=fields.integer("page_size", _DEFAULTS["page_size"], minimum=1, maximum=5000),
        concurrency=fields.integer("concurrency", _DEFAULTS["concurrency"], minimum=1, maximum=64),
        budget=None if budget is None else values.text(fields.said("budget"), budget),
        fault=fault,
    )


def _source_file(environment: Mapping[str, str]) -> Path | None:
    """The file of sources. Set to nothing, `FEED_SOURCES` says that there is none, whatever the checkout holds."""
    named = environment.get("FEED_SOURCES")
    if named is None:
        usual = ROOT / "sources.toml"
        return usual if usual.exists() else None
    return ROOT / named if named else None


def read_key(environment: Mapping[str, str], variable: str) -> SecretStr:
    """The key that the variable holds, or else the file that `<variable>_FILE` names.

    Raises:
        KeyMissing: neither holds one.
    """
    if environment.get(variable, "").strip():
        return values.key(variable, environment[variable])
    file = environment.get(f"{variable}_FILE")
    if file:
        return values.key_in_file(f"{variable}_FILE", ROOT / file)
    raise values.KeyMissing(f"{variable} is not set. Set it, or {variable}_FILE, in the environment or in .env.")
