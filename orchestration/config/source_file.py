"""Reads the sources: one from the environment, or several from a file with a table for each."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import httpx
from pydantic import Field, SecretStr

from orchestration.config.settings import SOURCE_BY_KEY, FeedSettings, key_variable, optional_file, read_key
from orchestration.config.sources import Source
from orchestration.config.values import PUBLIC_URL, ConfigurationError, KeyMissing, Text, VariableName

# An activity can take a minute to appear: a shorter delay loses activities for good.
PUBLIC_SETTLE_SECONDS = 60
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class SourceTable(FeedSettings):
    """One table of the file."""

    key_variable: VariableName
    budget: Text | None = Field(None, description="sources with the same budget share their requests a minute")


def read_sources(environment: Mapping[str, str]) -> list[Source]:
    """The sources of the file that `FEED_SOURCES` names; without a file, the one source of the environment.

    Raises:
        ConfigurationError: a value is invalid, or without a file the key is missing. In a file a missing key
            is the `fault` of its source alone.
    """
    file = optional_file(environment, "FEED_SOURCES", "sources.toml")
    if file is None:
        return [read_source(environment)]
    defaults = FeedSettings.read(environment)
    tables, sources = _read_tables(file), []
    for name, given in tables.items():
        prefix = f"{file.name}: source {name}: "
        table = SourceTable.checked(given, prefix, strict=True)
        read = table.model_copy(
            update={field: value for field, value in defaults if field not in table.model_fields_set}
        )
        key, fault = SecretStr(""), None
        try:
            key = read_key(environment, table.key_variable)
        except KeyMissing as error:
            fault = f"{prefix}key_variable: {error}"
        settle = f"{prefix}settle_seconds" if "settle_seconds" in given else "FEED_SETTLE_SECONDS"
        sources.append(_source(read, name, key, settle, budget=table.budget, fault=fault))
    _check_together(file, sources, {name: table["key_variable"] for name, table in tables.items()})
    return sources


def read_source(environment: Mapping[str, str]) -> Source:
    """The one source that the environment alone describes.

    Raises:
        ConfigurationError: the key is missing, or a value is invalid.
    """
    variable = key_variable(environment)
    key = read_key(environment, variable)
    return _source(FeedSettings.read(environment), SOURCE_BY_KEY[variable], key, "FEED_SETTLE_SECONDS")


def _source(read: FeedSettings, name: str, key: SecretStr, settle: str, **more: Any) -> Source:
    """`settle` names the settle delay in a sentence: the field of the table, or the variable."""
    is_public = httpx.URL(read.url).host == httpx.URL(PUBLIC_URL).host
    if is_public and read.settle_seconds < PUBLIC_SETTLE_SECONDS:
        raise ConfigurationError(
            f"{settle} is {read.settle_seconds}, but the public feed needs {PUBLIC_SETTLE_SECONDS} or more: an "
            "activity can take a minute to appear. Raise it."
        )
    return Source(
        name=name,
        url=read.url,
        key=key,
        start=read.start,
        settle=timedelta(seconds=read.settle_seconds),
        overlap=timedelta(minutes=read.overlap_minutes),
        requests_per_minute=read.requests_per_minute,
        page_size=read.page_size,
        concurrency=read.concurrency,
        directory=read.directory,
        **more,
    )


def _read_tables(file: Path) -> dict[str, dict[str, Any]]:
    """The tables `[sources.<name>]` of the file, by name, with only the fields of `SourceTable`.

    Raises:
        ConfigurationError: the file cannot be read, or holds something else.
    """
    fields = SourceTable.model_fields
    content = _load(file)
    for name in content.keys() - {"sources"}:
        raise ConfigurationError(f"{file.name}: {name!r} is not known. Each source is a table [sources.<name>].")
    tables = content.get("sources")
    if not isinstance(tables, dict) or not tables:
        raise ConfigurationError(f"{file.name} names no source. Add a table [sources.<name>] with a key_variable.")
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{file.name}: source {name!r}: the name has to begin with a lower-case letter and may hold only "
                "lower-case letters, digits, - and _, up to 63."
            )
        if not isinstance(table, dict):
            raise ConfigurationError(f"{file.name}: source {name} is {table!r}. Make it a table [sources.{name}].")
        for field in sorted(table.keys() - fields.keys()):
            near = get_close_matches(field, fields, 1)
            meant = f"Did you mean {near[0]}?" if near else f"Use {', '.join(sorted(fields))}."
            raise ConfigurationError(f"{file.name}: source {name}: {field} is not known. {meant}")
        if "key_variable" not in table:
            raise ConfigurationError(
                f"{file.name}: source {name}: key_variable is missing. Name the environment variable with the key."
            )
    return tables


def _check_together(file: Path, sources: Sequence[Source], key_variables: Mapping[str, str]) -> None:
    """Refuse sources that contradict each other.

    Raises:
        ConfigurationError: two sources are the same, or share a budget that they cannot share.
    """
    seen: dict[tuple[str, str], str] = {}
    keys: dict[tuple[SecretStr, str], str] = {}
    budgets: dict[str, Source] = {}
    for source in sources:
        prefix = f"{file.name}: source {source.name}: "
        same = seen.setdefault((key_variables[source.name], source.url), source.name)
        if same != source.name:
            raise ConfigurationError(
                f"{prefix}key_variable is {key_variables[source.name]!r} for the same url as in source {same}: "
                "every activity would be read twice. Give it a key of its own, or leave one out."
            )
        same = source.name if source.fault else keys.setdefault((source.key, source.url), source.name)
        if same != source.name:
            raise ConfigurationError(
                f"{prefix}the key in {key_variables[source.name]} is also that of source {same}, for the same "
                "url: every activity would be read twice. Give it a key of its own, or leave one out."
            )
        if source.budget is None:
            continue
        first = budgets.setdefault(source.budget, source)
        if first.requests_per_minute != source.requests_per_minute:
            raise ConfigurationError(
                f"{prefix}requests_per_minute is {source.requests_per_minute}, but {first.requests_per_minute} in "
                f"source {first.name}, and they share the budget {source.budget!r}. Give both the same."
            )
        if first.host != source.host:
            raise ConfigurationError(
                f"{prefix}budget {source.budget!r} is shared with source {first.name}, which is read from another "
                "host. A budget belongs to one feed: use another."
            )


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The file of sources {file} cannot be read ({error.strerror}). Check FEED_SOURCES."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file.name} is not valid TOML: {error}. See sources.example.toml.") from None
