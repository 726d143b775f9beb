"""Reads `detections.toml`: changes of rules, and allowlists.

`[[change]]` switches rules on or off and sets severity, thresholds and working hours; `[[allow]]` lists people,
keys, networks and user agents. Each entry has a reason and may expire. `detections.example.toml` shows all of it.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from orchestration.config.settings import optional_file
from orchestration.config.values import ConfigurationError
from orchestration.detections.catalogue import SEVERITIES, Rule, read_rules
from orchestration.detections.values import (
    allowed_value,
    expiry,
    meant,
    texts,
    threshold_value,
    time_zone,
    working_hours,
)
from orchestration.intervals import naive_utc

CHANGES = ("enabled", "severity", "thresholds", "working_hours", "time_zone")
KINDS = ("person", "key", "network", "user_agent")
# `rule` and `organization` are one text or a list of them; left out, an entry holds for all.
_COMMON = ("rule", "organization", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of `raw.detection_settings`."""

    rule_id: str | None
    organization_uuid: str | None
    setting: str
    value: str
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A row of `raw.detection_allowlist`. Addresses are in the form of the dbt macro `first_address`."""

    rule_id: str | None
    organization_uuid: str | None
    subject_type: str | None
    kind: str
    value: str
    first_address: str | None
    last_address: str | None
    reason: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Detections:
    """The entries of the file that are in force."""

    settings: tuple[Setting, ...] = ()
    allowlist: tuple[Allowed, ...] = ()

    @property
    def sha256(self) -> str:
        """A hash of it all, whatever the order of the entries; empty where nothing is in force."""
        rows = sorted(map(repr, (*self.settings, *self.allowlist)))
        return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""


def read_detections(environment: Mapping[str, str], now: datetime | None = None) -> Detections:
    """The entries in force of the file that `DETECTIONS` names, or of `detections.toml` in the checkout.

    Without a file nothing is changed and nobody is allowed.

    Raises:
        ConfigurationError: the file cannot be read, or has a name or value that makes no sense.
    """
    path = optional_file(environment, "DETECTIONS", "detections.toml")
    if path is None:
        return Detections()
    content = _load(path)
    for name in sorted(content.keys() - {"change", "allow"}):
        raise ConfigurationError(f"{path.name}: {name} is not known. Use [[change]] and [[allow]].")
    at = naive_utc(now or datetime.now(UTC))
    settings = tuple(one for one in _entries(path, content, "change", _settings) if not _expired(one, at))
    allowlist = tuple(one for one in _entries(path, content, "allow", _allowed) if not _expired(one, at))
    _refuse_twice(path.name, settings)
    return Detections(settings, allowlist)


def _expired(one: Setting | Allowed, at: datetime) -> bool:
    return one.expires_at is not None and one.expires_at <= at


def _entries(path: Path, content: Mapping[str, Any], table: str, read: Any) -> Iterator[Any]:
    entries = content.get(table, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(f"{path.name}: {table} is not a list of tables. Begin each with [[{table}]].")
    for number, entry in enumerate(entries, 1):
        try:
            yield from read(entry)
        except ValueError as error:
            raise ConfigurationError(f"{path.name}: {table} {number}: {error}") from None


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}). Check DETECTIONS.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} is not valid TOML: {error}. See detections.example.toml.") from None


def _settings(entry: Mapping[str, Any]) -> Iterator[Setting]:
    """The rows of one `[[change]]`."""
    _known(entry, (*_COMMON, *CHANGES))
    rule_ids, organizations, reason, expires_at = _common(entry)
    if not entry.keys() & set(CHANGES):
        raise ValueError(f"it changes nothing. Set one of {', '.join(CHANGES)}.")
    if rule_ids == (None,) and entry.keys() & {"enabled", "severity", "thresholds"}:
        raise ValueError("rule is missing. Name one rule, or a list of them.")
    for rule_id in rule_ids:
        rule = read_rules()[rule_id] if rule_id else None
        for setting, value in _values(rule, entry, organizations):
            for organization in organizations:
                yield Setting(rule_id, organization, setting, value, reason, expires_at)


def _values(
    rule: Rule | None, entry: Mapping[str, Any], organizations: tuple[str | None, ...]
) -> Iterator[tuple[str, str]]:
    if "enabled" in entry:
        if not isinstance(entry["enabled"], bool):
            raise ValueError(f"enabled is {entry['enabled']!r}. Use true or false.")
        yield "enabled", str(entry["enabled"]).lower()
    if "severity" in entry:
        if entry["severity"] not in SEVERITIES:
            raise ValueError(f"severity is {entry['severity']!r}. Use {', '.join(SEVERITIES)}.")
        yield "severity", entry["severity"]
    if "working_hours" in entry:
        yield "working_hours", working_hours(entry["working_hours"])
    if "time_zone" in entry:
        yield "time_zone", time_zone(entry["time_zone"])
    thresholds = entry.get("thresholds", {})
    if not isinstance(thresholds, dict):
        raise ValueError("thresholds is not a table. Use one like thresholds = {minimum = 50}.")
    for name, value in thresholds.items():
        assert rule
        threshold = rule.thresholds.get(name)
        if threshold is None:
            raise ValueError(f"{rule.rule_id} has no threshold {name}. {meant(name, rule.thresholds)}")
        if threshold.of:
            raise ValueError(f"{name} of {rule.rule_id} is that of {threshold.of}. Set it for that rule.")
        if organizations != (None,) and not threshold.by_organization:
            raise ValueError(
                f"{name} of {rule.rule_id} is the same for all organizations. Leave out organization."
            )
        yield f"thresholds.{name}", threshold_value(f"{rule.rule_id}: {name}", threshold, value)


def _allowed(entry: Mapping[str, Any]) -> Iterator[Allowed]:
    """The rows of one `[[allow]]`."""
    _known(entry, (*_COMMON, *KINDS, "subject_type"))
    rule_ids, organizations, reason, expires_at = _common(entry)
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"it allows {' and '.join(kinds) or 'nothing'}. Use one of {', '.join(KINDS)} an entry.")
    [kind] = kinds
    subject_types = texts("subject_type", entry["subject_type"]) if "subject_type" in entry else (None,)
    for text in texts(kind, entry[kind]):
        value, first, last = allowed_value(kind, text)
        for rule_id, organization, subject_type in product(rule_ids, organizations, subject_types):
            yield Allowed(rule_id, organization, subject_type, kind, value, first, last, reason, expires_at)


def _common(
    entry: Mapping[str, Any],
) -> tuple[tuple[str | None, ...], tuple[str | None, ...], str, datetime | None]:
    """Rules, organizations, reason and expiry of an entry."""
    rule_ids = texts("rule", entry["rule"]) if "rule" in entry else (None,)
    for rule_id in rule_ids:
        if rule_id and rule_id not in read_rules():
            raise ValueError(f"there is no rule {rule_id}. {meant(rule_id, read_rules())}")
    organizations = texts("organization", entry["organization"]) if "organization" in entry else (None,)
    for rule_id in rule_ids if organizations != (None,) else ():
        if rule_id and not read_rules()[rule_id].names_organization:
            raise ValueError(f"findings of {rule_id} are in no organization. Leave out organization.")
    reason = entry.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError("reason is missing. Give a reason in a few words.")
    return rule_ids, organizations, reason.strip(), expiry(entry.get("expires"))


def _known(entry: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in entry.keys() - set(names):
        raise ValueError(f"{name} is not known. {meant(name, names)}")


def _refuse_twice(file: str, settings: Iterable[Setting]) -> None:
    seen = set()
    for one in settings:
        key = (one.rule_id, one.organization_uuid, one.setting)
        if key in seen:
            where = f" in organization {one.organization_uuid}" if one.organization_uuid else ""
            raise ConfigurationError(
                f"{file}: {one.setting} of {one.rule_id or 'all rules'}{where} is set twice. Leave one out."
            )
        seen.add(key)
