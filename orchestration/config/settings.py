"""Every setting from the environment: default, bounds and meaning.

Settings are read when a run asks for them, never at import. Only dbt's profile and the client of the archive's
store read further environment variables. `source_file` reads several sources from a file.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from orchestration.config.sources import Bounds, Source
from orchestration.config.values import (
    PUBLIC_URL,
    Account,
    Address,
    ConfigurationError,
    Detail,
    FileForm,
    Group,
    HttpForm,
    KeyMissing,
    LocalPath,
    Moment,
    Place,
    PostgresUrl,
    SecretAddress,
    Severity,
    key,
    key_in_file,
    sentence,
)

ROOT = Path(__file__).resolve().parents[2]
# A source is what one key can see, so the two kinds of key are two sources.
SOURCE_BY_KEY = {"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "compliance", "ANTHROPIC_ADMIN_KEY": "admin"}
PSEUDONYM_KEY = "PSEUDONYM_KEY"
# Shorter ones can be found by trying, since some email in the set is always known to somebody.
KEY_CHARACTERS = 32
# Values beyond these are typos.
MAX_SECONDS = 24 * 3600
MAX_OVERLAP_MINUTES = 30 * 24 * 60
MAX_RUN_MINUTES = 24 * 60
MAX_DAYS = 6 * 366
MAX_DIRECTORY_HOURS = 7 * 24
MAX_SPARK_HOURS = 31 * 24
# Checks that look back over the last month read only the file.
MIN_KEPT_DAYS = 31

# What is not set is what a source or a run is without settings.
_DEFAULTS: dict[str, Any] = {one.name: one.default for kind in (Source, Bounds) for one in fields(kind)}

# A relative path is taken from the checkout.
CheckoutPath = Annotated[LocalPath, AfterValidator(lambda path: ROOT / path)]


def general_beside(path: Path) -> Path:
    """Where the general set goes, if nothing else is stated: beside the other."""
    return path.with_name(f"{path.name}-general")


class Model(BaseModel):
    """Settings whose variables have the names of the fields in capitals, or their aliases."""

    model_config = ConfigDict(
        frozen=True, alias_generator=str.upper, validate_by_name=True, validate_default=True, extra="forbid"
    )

    @classmethod
    def read(cls, environment: Mapping[str, str], *names: str) -> Self:
        """The named settings, or all; a variable that is set to nothing counts as not set.

        Raises:
            ConfigurationError: a value is invalid.
        """
        texts = {
            cls.variable(name): environment.get(cls.variable(name), "").strip()
            for name in names or cls.model_fields
        }
        return cls.checked({variable: text for variable, text in texts.items() if text})

    @classmethod
    def checked(cls, given: Mapping[str, Any], prefix: str = "", *, strict: bool = False) -> Self:
        """The settings that are given. A sentence on a wrong one has `prefix` before its name.

        Raises:
            ConfigurationError: a value is invalid.
        """
        try:
            return cls.model_validate(given, strict=strict)
        except ValidationError as error:
            first = error.errors()[0]
        name = next(one for one in cls.model_fields if first["loc"][0] in (one, cls.variable(one)))
        raise ConfigurationError(
            sentence(f"{prefix}{name}" if prefix else cls.variable(name), first, cls.model_fields[name])
        )

    @classmethod
    def variable(cls, name: str) -> str:
        """The environment variable of a field."""
        return cls.model_fields[name].alias or name.upper()


class FeedSettings(Model):
    """How one source is read; a table in the file of sources overrides this for its source."""

    model_config = ConfigDict(alias_generator=lambda name: f"FEED_{name.upper()}")

    url: Address = Field(PUBLIC_URL, alias="COMPLIANCE_API_URL", description="https, or http on loopback")
    start: Moment | None = Field(None, description="read from this date or time on")
    settle_seconds: int = Field(
        _DEFAULTS["settle"].seconds, ge=0, le=MAX_SECONDS, description="how far behind now a read stops"
    )
    overlap_minutes: int = Field(
        _DEFAULTS["overlap"].seconds // 60,
        ge=0,
        le=MAX_OVERLAP_MINUTES,
        description="how far each refresh reaches back",
    )
    requests_per_minute: int = Field(
        _DEFAULTS["requests_per_minute"], ge=1, description="our share of the organization's 600"
    )
    page_size: int = Field(_DEFAULTS["page_size"], ge=1, le=5000, description="activities a request")
    concurrency: int = Field(_DEFAULTS["concurrency"], ge=1, le=64, description="slices read side by side")
    directory: bool = Field(True, alias="DIRECTORY", description="read the directory too, where the key can")


class Settings(Model):
    """All other settings. A wrong value fails only their readers."""

    warehouse_path: CheckoutPath = Field(Path("data/compliance.duckdb"), description="the DuckDB file")
    dagster_home: CheckoutPath = Field(Path(".dagster"), description="runs, schedules, logs of Dagster")
    run_history_days: int = Field(90, ge=1, description="days that Dagster remembers runs")
    feed_run_minutes: int = Field(
        10, ge=1, le=MAX_RUN_MINUTES, description="after that no further day of older history is begun in a run"
    )
    feed_reconcile_days: int = Field(
        _DEFAULTS["reconcile_days"], ge=1, le=MAX_DAYS, description="days read again each night"
    )
    feed_reconcile_requests: int = Field(
        _DEFAULTS["reconcile_requests"], ge=1, description="requests a night for older days"
    )
    feed_reconcile_every_days: int = Field(
        _DEFAULTS["reconcile_every"].days, ge=1, le=MAX_DAYS, description="in which all of history is read again"
    )
    refresh_every_minutes: int = Field(
        5, ge=5, le=60, multiple_of=5, description="how often the schedule reads the feed"
    )
    directory_every_hours: int = Field(
        1, ge=1, le=MAX_DIRECTORY_HOURS, description="how often the schedule reads the directory"
    )
    directory_max_gone_percent: int = Field(
        _DEFAULTS["max_gone_percent"],
        ge=1,
        le=100,
        description="a walk that loses more of its items without events is refused",
    )
    published_path: CheckoutPath = Field(Path("published"), description="where analysts find the tables")
    published_group: Group | None = Field(None, description="the group that may read what is published")
    published_workbook: bool = Field(False, description="a spreadsheet of what auditors ask for as well")
    published_days: int | None = Field(None, ge=1, le=MAX_DAYS, description="older details are not published")
    publish_every_minutes: int = Field(
        0, ge=0, le=60, description="for how long a schedule publishes no newer edition"
    )
    published_general_path: CheckoutPath = Field(
        default_factory=lambda read: general_beside(read["published_path"]),
        description="where the general set goes",
    )
    published_general_group: Group | None = Field(None, description="the group that may read the general set")
    publish_postgres_url: PostgresUrl | None = Field(None, description="a PostgreSQL database to publish to")
    archive_path: Place | None = Field(None, description="sealed days are archived there")
    aws_endpoint_url: Address | None = Field(None, description="the address of an S3-compatible store")
    local_days: int | None = Field(
        None, ge=MIN_KEPT_DAYS, le=MAX_DAYS, description="days that stay in the DuckDB file once they are archived"
    )
    audit_pack_key_file: CheckoutPath | None = Field(None, description="the private key that signs audit packs")
    audit_pack_timestamp_url: Address | None = Field(None, description="an RFC 3161 authority for audit packs")
    geoip_city_path: CheckoutPath | None = Field(None, description="an MMDB database of cities or countries")
    geoip_asn_path: CheckoutPath | None = Field(None, description="an MMDB database of autonomous systems")
    spark_dbt: CheckoutPath | None = Field(None, description="the dbt of an environment with dbt-spark")
    spark_archive_path: str = Field("", description="the archive as Spark reaches it")
    spark_every_hours: int = Field(
        24, ge=1, le=MAX_SPARK_HOURS, description="how often the schedule builds on Spark"
    )
    spark_warehouse: Place | None = Field(None, description="where Spark keeps its tables: they are published")
    spark_published_path: CheckoutPath = Field(
        default_factory=lambda read: read["published_path"].with_name(f"{read['published_path'].name}-spark"),
        description="where what Spark built is published",
    )
    spark_publish_postgres_url: PostgresUrl | None = Field(
        None, description="a PostgreSQL database to publish what Spark built to"
    )
    raw_days: int | None = Field(None, ge=MIN_KEPT_DAYS, description="days that `make retain` keeps")
    disk_min_free_mb: int = Field(500, ge=0, description="with less room on a disk nothing is written")
    metrics_path: CheckoutPath | None = Field(None, description="metrics for Prometheus go to this file")
    alert_severity: Severity = Field("high", description="findings of this severity and graver are sent")
    alert_detail: Detail = Field("ids", description="full: with summaries, names and emails")
    alert_stuck_minutes: int = Field(
        120, ge=10, le=MAX_RUN_MINUTES, description="a run that waits or works longer is stuck"
    )
    siem_path: Place | None = Field(None, description="events for a SIEM are written there")
    siem_format: FileForm = Field("ndjson", description="ndjson or parquet")
    siem_account: Account = Field("external", description="the partition `accountId` of the Parquet files")
    siem_url: SecretAddress | None = Field(None, description="events for a SIEM are sent there")
    siem_url_format: HttpForm = Field("hec", description="hec or json")
    siem_raw_data: bool = Field(False, description="events hold the whole record")
    siem_unmapped: bool = Field(True, description="events hold the fields that OCSF has no place for")
    siem_start: Moment | None = Field(None, description="activities from this date or time on are delivered")

    @classmethod
    def paths(cls, environment: Mapping[str, str]) -> Self:
        """The paths; `paths.check_paths` compares them.

        Raises:
            ConfigurationError: one is an address.
        """
        return cls.read(environment, "warehouse_path", "dagster_home", "published_path", "published_general_path")


def read_bounds(environment: Mapping[str, str]) -> Bounds:
    """How much one run may do.

    Raises:
        ConfigurationError: a value is invalid.
    """
    names = [name for name in Settings.model_fields if name.startswith(("feed_", "directory_"))]
    read = Settings.read(environment, *names)
    return Bounds(
        backfill_time=timedelta(minutes=read.feed_run_minutes),
        reconcile_days=read.feed_reconcile_days,
        reconcile_requests=read.feed_reconcile_requests,
        reconcile_every=timedelta(days=read.feed_reconcile_every_days),
        max_gone_percent=read.directory_max_gone_percent,
    )


def published_since(environment: Mapping[str, str], today: date) -> date | None:
    """From which day on details are published; None where all are.

    Raises:
        ConfigurationError: `PUBLISHED_DAYS` is invalid.
    """
    days = Settings.read(environment, "published_days").published_days
    return today - timedelta(days=days) if days else None


def optional_file(environment: Mapping[str, str], variable: str, usual: str) -> Path | None:
    """The file that the variable names, else `usual` where the checkout has it. An empty variable means none."""
    named = environment.get(variable)
    if named is None:
        return ROOT / usual if (ROOT / usual).exists() else None
    return ROOT / named if named else None


def pseudonym_key(environment: Mapping[str, str]) -> SecretStr | None:
    """The key of the pseudonyms; None where none is set, and so no general set wanted.

    Raises:
        ConfigurationError: it is too short, or the file that `PSEUDONYM_KEY_FILE` names cannot be read.
    """
    if not any(environment.get(name, "").strip() for name in (PSEUDONYM_KEY, f"{PSEUDONYM_KEY}_FILE")):
        return None
    read = read_key(environment, PSEUDONYM_KEY)
    if len(read.get_secret_value()) < KEY_CHARACTERS:
        raise ConfigurationError(
            f"{PSEUDONYM_KEY} has fewer than {KEY_CHARACTERS} characters. Make one with `openssl rand -hex 32`."
        )
    return read


def key_variable(environment: Mapping[str, str]) -> str:
    """The variable of the key in use: the first of `SOURCE_BY_KEY` that is set, or set by a file.

    Raises:
        ConfigurationError: none is set.
    """
    for name in SOURCE_BY_KEY:
        if environment.get(name) or environment.get(f"{name}_FILE"):
            return name
    raise ConfigurationError(
        f"No key for the Activity Feed. Set {' or '.join(SOURCE_BY_KEY)} in the environment or in .env; "
        "`make demo` runs without one."
    )


def read_key(environment: Mapping[str, str], variable: str) -> SecretStr:
    """The key that the variable holds, or else the file that `<variable>_FILE` names.

    Raises:
        KeyMissing: neither holds one.
    """
    if environment.get(variable, "").strip():
        return key(variable, environment[variable])
    file = environment.get(f"{variable}_FILE")
    if file:
        return key_in_file(f"{variable}_FILE", ROOT / file)
    raise KeyMissing(f"{variable} is not set. Set it, or {variable}_FILE, in the environment or in .env.")
