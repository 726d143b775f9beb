"""Parses the values of `detections.toml` for dbt. The error for a wrong value says what to use instead."""

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from orchestration.detections.catalogue import Threshold
from orchestration.intervals import naive_utc

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = "|".join(_DAYS)
_HOURS = re.compile(rf"({_DAY})-({_DAY}) ([01]\d|2[0-3]):00-([01]\d|2[0-4]):00")
_HIGHEST = 2**31 - 1


def threshold_value(name: str, threshold: Threshold, value: Any) -> str:
    """The value of a threshold as JSON."""
    if isinstance(threshold.default, tuple):
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            raise ValueError(f"{name} is {value!r}. Use a list of texts.")
    elif type(value) is not int or not threshold.at_least <= value <= _HIGHEST:
        raise ValueError(f"{name} is {value!r}. Use a whole number, {threshold.at_least} or more.")
    return orjson.dumps(value).decode()


def working_hours(value: Any) -> str:
    """ISO numbers of the first and last weekday, first hour and hour after the last: `1-5 08-18`."""
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if not found or int(found[3]) >= int(found[4]) or _DAYS.index(found[1]) > _DAYS.index(found[2]):
        raise ValueError(f"working_hours is {value!r}. Use days and full hours like 'Mon-Fri 08:00-18:00'.")
    return f"{_DAYS.index(found[1]) + 1}-{_DAYS.index(found[2]) + 1} {found[3]}-{found[4]}"


def time_zone(value: Any) -> str:
    """The name of a time zone."""
    try:
        return ZoneInfo(value).key
    except (ValueError, TypeError, KeyError, OSError):
        raise ValueError(f"time_zone is {value!r}. Use a name like 'Europe/Berlin'.") from None


def allowed_value(kind: str, text: str) -> tuple[str, str | None, str | None]:
    """The value of an entry as it is compared, and the first and last address of a network."""
    if kind == "network":
        try:
            network = ip_network(text)
        except ValueError:
            raise ValueError(f"network is {text!r}. Use one like 203.0.113.0/24 or 2001:db8::/32.") from None
        return (str(network), *_address_range(network))
    if kind == "user_agent":
        # `*` is any text; dbt compares with `like`.
        return re.sub("[~%_]", lambda found: f"~{found[0]}", text).replace("*", "%"), None, None
    if "@" in text:
        raise ValueError(f"{kind} is an email address. Use the id that marts.users has for it.")
    return text, None, None


def _address_range(network: IPv4Network | IPv6Network) -> tuple[str, str]:
    first: IPv4Address | IPv6Address
    first, last = network.network_address, network.broadcast_address
    if isinstance(network, IPv6Network) and first.ipv4_mapped and last.ipv4_mapped:
        first, last = first.ipv4_mapped, last.ipv4_mapped
    if first.version == 4:
        one, other = ("4:" + ".".join(f"{octet:03}" for octet in address.packed) for address in (first, last))
    else:
        one, other = (f"6:{address.exploded}" for address in (first, last))
    return one, other


def expiry(value: Any) -> datetime | None:
    """When an entry ends (UTC); a date ends with its day."""
    return None if value is None else day_or_time("expires", str(value))


def day_or_time(name: str, text: str) -> datetime | None:
    """A future time, or the end of a day (UTC), without a zone; None for empty text."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        is_date = len(text) == len("2027-01-31")
        return naive_utc(moment.replace(hour=23, minute=59, second=59) if is_date else moment)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is {text!r}. Use a date like 2027-01-31.") from None


def texts(name: str, value: Any) -> tuple[str, ...]:
    """One text, or a list of them."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{name} is {value!r}. Use a text in quotes, or a list of them.")
    return tuple(text.strip() for text in texts)


def meant(name: str, names: Iterable[str]) -> str:
    """A suggestion for an unknown name."""
    near = get_close_matches(name, names, 1)
    return f"Did you mean {near[0]}?" if near else f"Use one of {', '.join(sorted(names)) or 'none'}."
