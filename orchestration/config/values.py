"""Types of settings, and the error message for a wrong value.

A validator says what is wrong and what to do; `sentence` puts the setting's name before it. No key is repeated.
"""

import grp
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo

from orchestration.config.sources import LOOPBACK
from orchestration.errors import ExplainedError

PUBLIC_URL = "https://api.anthropic.com"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Some have no slashes (`md:`, `ducklake:`), and a path loses one of the two.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# Most severe first.
SEVERITIES = ("critical", "high", "medium", "low")
DETAILS = ("ids", "full")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")


class ConfigurationError(ExplainedError):
    """The configuration does not make sense."""


class KeyMissing(ConfigurationError):
    """There is no readable key: a fault of the one source that it opens."""


def sentence(name: str, error: Mapping[str, Any], field: FieldInfo) -> str:
    """What pydantic found wrong with a setting, as one sentence that begins with the name of the setting."""
    if error["type"] == "value_error":
        return f"{name} {error['ctx']['error']}"
    bounds = {
        kind: value for one in field.metadata for kind in ("ge", "le") if (value := getattr(one, kind, None))
    }
    if field.annotation in (int, int | None):
        lowest, highest = bounds.get("ge", 0), bounds.get("le")
        step = next((one.multiple_of for one in field.metadata if hasattr(one, "multiple_of")), None)
        kind = f"a multiple of {step}" if step else "a whole number"
        allowed = f"{lowest} or more" if highest is None else f"{lowest} to {highest}"
        return f"{name} is {error['input']!r}. Use {kind}, {allowed}."
    if field.annotation is bool:
        return f"{name} is {error['input']!r}. Use true or false."
    return f"{name} is {error['input']!r}. Use a text in quotes."


def _address(text: str) -> str:
    text = text.strip().rstrip("/")
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.userinfo:
        raise ValueError("holds a user name or password. Leave them out.")
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"is {text!r}, which is not a URL. Use one like {PUBLIC_URL}.")
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise ValueError(f"is {text!r}: the key would cross the network unencrypted. Use https.")
    return text


def _secret_address(text: str) -> str:
    """An address of which a path or query may be a secret, so that nothing of it is repeated."""
    try:
        return _address(text)
    except ValueError:
        raise ValueError(
            "is not an https address without a user name (http is for loopback alone). Copy all of it again."
        ) from None


def _moment(value: object) -> datetime:
    """In UTC, from text in the form of ISO 8601, or from a TOML date or time."""
    shown = str(value)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif type(value) is date:
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            raise ValueError
        start = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"is {shown!r}, which is not a date or time. Use one like 2026-01-31.") from None
    if start >= datetime.now(UTC):
        raise ValueError(f"is {shown!r}, which is in the future. Use a time in the past.")
    return start


def _place(text: str) -> str:
    text = text.rstrip("/")
    if text.startswith("s3://") and not _BUCKET.fullmatch(text):
        raise ValueError(f"is {text!r}. Use one like s3://bucket/prefix.")
    if _ADDRESS.match(text) and not text.startswith("s3://"):
        raise ValueError(f"is {text!r}. Use a directory, or s3://bucket/prefix.")
    return text


def _local(value: object) -> object:
    if _ADDRESS.match(str(value)):
        raise ValueError(
            f"is {str(value)!r}, but only ARCHIVE_PATH, SIEM_PATH and SPARK_WAREHOUSE can be one. Use a path on "
            "this machine."
        )
    return value


def check_local(name: str, path: Path | None) -> None:
    """Refuse an address where a local path is needed: it would become a directory in the checkout.

    Raises:
        ConfigurationError: `path`, given as `name`, is an address.
    """
    try:
        _local(path)
    except ValueError as error:
        raise ConfigurationError(f"{name} {error}") from None


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ValueError(
            f"is {name!r}, and this machine has no such group. Create it, or choose another."
        ) from None


def _postgres(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError("is not a URL of PostgreSQL. Use one like postgresql://user:password@host:5432/database.")
    return url


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError(f"is {text!r}. Use {', '.join(words[:-1])} or {words[-1]}.")
        return text

    return check


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f"is {text!r}. Use the number of an account, or a name of letters, digits, _ and -.")
    return text


def _variable(value: object) -> str:
    """A value that is not a name is not repeated: it may be a key."""
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise ValueError(
            "is not the name of an environment variable. Name the variable that holds the key, not the key."
        )
    return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError(f"is {text!r}. Use a text in quotes.")
    return text.strip()


VariableName = Annotated[str, BeforeValidator(_variable)]
Text = Annotated[str, AfterValidator(_not_blank)]
Address = Annotated[str, AfterValidator(_not_blank), AfterValidator(_address)]
SecretAddress = Annotated[str, AfterValidator(_not_blank), AfterValidator(_secret_address)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
LocalPath = Annotated[Path, BeforeValidator(_local)]
Place = Annotated[str, AfterValidator(_place)]
FileForm = Annotated[str, AfterValidator(_one_of("ndjson", "parquet"))]
HttpForm = Annotated[str, AfterValidator(_one_of("hec", "json"))]
Account = Annotated[str, AfterValidator(_account)]
Group = Annotated[int, BeforeValidator(_group)]
Severity = Annotated[str, AfterValidator(_one_of(*SEVERITIES))]
Detail = Annotated[str, AfterValidator(_one_of(*DETAILS))]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres)]


def key(name: str, value: str) -> SecretStr:
    """A key as it is sent; space and line ends around it do not count.

    Raises:
        KeyMissing: it cannot be a key.
    """
    secret = value.strip()
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise KeyMissing(f"{name} holds characters that no key has. Copy the key again, as a whole.")
    return SecretStr(secret)


def key_in_file(name: str, path: Path) -> SecretStr:
    """The key that a file holds, for secrets that are mounted.

    Raises:
        KeyMissing: the file cannot be read, is empty, or holds no key.
    """
    try:
        value = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise KeyMissing(
            f"{name} names {path}, which cannot be read ({reason}). Name a file that holds the key."
        ) from None
    if not value.strip():
        raise KeyMissing(f"{name} names {path}, which is empty. Put the key there.")
    return key(f"{path}, named by {name},", value)
