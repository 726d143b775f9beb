"""What the environment says about the published sets beyond where the restricted one goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from pydantic import SecretStr

from orchestration.config import values
from orchestration.config.settings import MAX_DAYS, ROOT, published_path, read_key
from orchestration.config.values import ConfigurationError

PSEUDONYM_KEY = "PSEUDONYM_KEY"
# Shorter ones can be found by trying, since some email in the set is always known to somebody.
KEY_CHARACTERS = 32


def general_path(environment: Mapping[str, str]) -> Path:
    """The directory of the general set; a relative `PUBLISHED_GENERAL_PATH` is taken from the checkout."""
    beside = published_path(environment)
    return ROOT / (environment.get("PUBLISHED_GENERAL_PATH") or beside.with_name(f"{beside.name}-general"))


def pseudonym_key(environment: Mapping[str, str]) -> SecretStr | None:
    """The key of the pseudonyms; null where none is set, and so no general set wanted.

    Raises:
        ConfigurationError: it is too short, or the file that `PSEUDONYM_KEY_FILE` names cannot be read.
    """
    if not any((environment.get(name) or "").strip() for name in (PSEUDONYM_KEY, f"{PSEUDONYM_KEY}_FILE")):
        return None
    key = read_key(environment, PSEUDONYM_KEY)
    if len(key.get_secret_value()) < KEY_CHARACTERS:
        raise ConfigurationError(
            f"{PSEUDONYM_KEY} has fewer than {KEY_CHARACTERS} characters. Make one with `openssl rand -hex 32`."
        )
    return key


def published_since(environment: Mapping[str, str], today: date) -> date | None:
    """From which day on details are published; null where all are.

    Raises:
        ConfigurationError: `PUBLISHED_DAYS` is no number of days.
    """
    days = (environment.get("PUBLISHED_DAYS") or "").strip()
    if not days:
        return None
    return today - timedelta(
        days=values.integer("PUBLISHED_DAYS", days, minimum=1, maximum=MAX_DAYS, is_text=True)
    )
