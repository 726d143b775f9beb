"""The file of several sources: which tables it may hold, and what must be true of them together.

What a field may hold is checked where the environment's values are, in `settings`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from orchestration.config.sources import Source
from orchestration.config.values import ConfigurationError

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def read_tables(file: Path, fields: Collection[str]) -> dict[str, dict[str, Any]]:
    """The tables `[sources.<name>]` of the file, by name, with no other fields than `fields`.

    Raises:
        ConfigurationError: the file cannot be read, or holds something else.
    """
    said = file.name
    content = _load(file)
    for name in content.keys() - {"sources"}:
        raise ConfigurationError(f"{said}: {name!r} is not known. Each source is a table [sources.<name>].")
    tables = content.get("sources")
    if not isinstance(tables, dict) or not tables:
        raise ConfigurationError(f"{said} names no source. Add a table [sources.<name>] with a key_variable.")
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{said}: source {name!r}: the name has to begin with a small letter and to hold only small "
                "letters, digits, - and _, 63 at most."
            )
        if not isinstance(table, dict):
            raise ConfigurationError(f"{said}: source {name} is {table!r}. Make it a table [sources.{name}].")
        for field in sorted(table.keys() - set(fields)):
            near = get_close_matches(field, fields, 1)
            meant = f"Did you mean {near[0]}?" if near else f"Use {', '.join(sorted(fields))}."
            raise ConfigurationError(f"{said}: source {name}: {field} is not known. {meant}")
        if "key_variable" not in table:
            raise ConfigurationError(
                f"{said}: source {name}: key_variable is missing. Name the environment variable with the key."
            )
    return tables


def check_together(file: Path, sources: Sequence[Source], key_variables: Mapping[str, str]) -> None:
    """Refuse what makes no sense between sources.

    Raises:
        ConfigurationError: two sources are one and the same, or share a budget that they cannot share.
    """
    seen: dict[tuple[str, str], str] = {}
    budgets: dict[str, Source] = {}
    for source in sources:
        said = f"{file.name}: source {source.name}: "
        same = seen.setdefault((key_variables[source.name], source.url), source.name)
        if same != source.name:
            raise ConfigurationError(
                f"{said}key_variable is {key_variables[source.name]!r} for the same url as in source {same}: "
                "every activity would be read twice. Give it a key of its own, or leave one out."
            )
        if source.budget is None:
            continue
        first = budgets.setdefault(source.budget, source)
        if first.requests_per_minute != source.requests_per_minute:
            raise ConfigurationError(
                f"{said}requests_per_minute is {source.requests_per_minute}, but {first.requests_per_minute} in "
                f"source {first.name}, and they share the budget {source.budget!r}. Give both the same."
            )
        if first.host != source.host:
            raise ConfigurationError(
                f"{said}budget {source.budget!r} is shared with source {first.name}, which is read from another "
                "host. A budget belongs to one feed: name another."
            )


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The file of sources {file} cannot be read ({error.strerror}). Check FEED_SOURCES."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file.name} is no TOML: {error}. See sources.example.toml.") from None
