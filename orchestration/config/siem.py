"""Settings of the SIEM. Only the store's client reads its keys."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from pydantic import SecretStr

from orchestration.config.settings import ROOT, Settings, read_key
from orchestration.config.values import ConfigurationError

SIEM_TOKEN = "SIEM_TOKEN"


@dataclass(frozen=True, slots=True)
class FileSink:
    """Files in `place`, a directory or `s3://bucket/prefix`; `form` is `ndjson` or `parquet`.

    `endpoint` and `store_region` are of the store, None for its own. `region` and `account` are partitions of the
    Parquet files.
    """

    place: str
    form: str
    endpoint: str | None
    store_region: str | None
    region: str
    account: str

    @property
    def name(self) -> str:
        """Identifies this sink in the ledger."""
        return f"{self.form} {self.place}"


@dataclass(frozen=True, slots=True)
class HttpSink:
    """Requests to `url`; `form` is `hec` (Splunk's HTTP Event Collector) or `json` (an array of events)."""

    url: str = field(repr=False)
    form: str
    token: SecretStr | None

    @property
    def name(self) -> str:
        """Identifies this sink in the ledger. Contains the path as a hash."""
        path = self.url.partition("?")[0].removeprefix(self.shown)
        return f"{self.form} {self.shown} {hashlib.sha256(path.encode()).hexdigest()[:12]}"

    @property
    def shown(self) -> str:
        """The address without path and query, which may be the collector's only secret."""
        return str(httpx.URL(self.url).copy_with(raw_path=b"/")).rstrip("/")


@dataclass(frozen=True, slots=True)
class SiemSettings:
    """Sinks, and what events hold: the record (`raw_data`), and fields without a place in OCSF (`unmapped`).

    `start`: activities from then on; None for all.
    """

    sinks: tuple[FileSink | HttpSink, ...]
    has_raw_data: bool
    has_unmapped: bool
    start: datetime | None


def read_siem(environment: Mapping[str, str]) -> SiemSettings | None:
    """The SIEM of the environment; None where neither `SIEM_PATH` nor `SIEM_URL` is set.

    Raises:
        ConfigurationError: a value is invalid, or the token cannot be read.
    """
    names = [name for name in Settings.model_fields if name.startswith("siem_")]
    read = Settings.read(environment, *names)
    sinks = [sink for sink in (_files(environment, read), _http(environment, read)) if sink]
    if not sinks:
        return None
    return SiemSettings(tuple(sinks), read.siem_raw_data, read.siem_unmapped, read.siem_start)


def _files(environment: Mapping[str, str], read: Settings) -> FileSink | None:
    if not read.siem_path:
        return None
    is_remote = read.siem_path.startswith("s3://")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None
    return FileSink(
        place=read.siem_path if is_remote else str(ROOT / read.siem_path),
        form=read.siem_format,
        endpoint=Settings.read(environment, "aws_endpoint_url").aws_endpoint_url if is_remote else None,
        store_region=region,
        region=region or "local",
        account=read.siem_account,
    )


def _http(environment: Mapping[str, str], read: Settings) -> HttpSink | None:
    if not read.siem_url:
        return None
    has_token = any(environment.get(name, "").strip() for name in (SIEM_TOKEN, f"{SIEM_TOKEN}_FILE"))
    if read.siem_url_format == "hec" and not has_token:
        raise ConfigurationError(f"{SIEM_TOKEN} is not set. Set the token of the HTTP Event Collector.")
    return HttpSink(read.siem_url, read.siem_url_format, read_key(environment, SIEM_TOKEN) if has_token else None)
