"""Dagster resources, and how an expected error fails a step.

Resources read the environment when a run asks for them. None of them stores a key: keys are read for one refresh
and are not part of any run configuration.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import PrivateAttr, SecretStr

from orchestration.archive.storage.store import Store, open_store
from orchestration.config.alerts import AlertSettings, read_alerts
from orchestration.config.archive import ArchiveSettings, read_archive
from orchestration.config.paths import check_paths
from orchestration.config.settings import Settings, pseudonym_key, published_since, read_bounds
from orchestration.config.siem import SiemSettings, read_siem
from orchestration.config.source_file import read_sources
from orchestration.config.sources import Bounds, Source
from orchestration.errors import ExplainedError
from orchestration.monitoring.disk import require_room
from orchestration.publish.marts import Catalog
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.run_locks import hold_run_lock
from orchestration.status import disk_paths
from orchestration.warehouse.connection import open_warehouse, warehouse_lock

# The metadata label of the lines that a command prints for an asset.
SUMMARY = "summary"
# The tag of runs that go on where a disk is nearly full: what follows a removal.
MAKES_ROOM = {"makes_room": "true"}


def failure(description: str, metadata: Mapping[str, Any] | None = None) -> dg.Failure:
    """A failure of the step that Dagster does not retry, because a retry would fail the same way."""
    return dg.Failure(description, metadata=metadata, allow_retries=False)


@contextmanager
def fail_step_on_error(*passed: type[ExplainedError]) -> Iterator[None]:
    """Turn an `ExplainedError` into a failure of the step with its message, unless it is one of `passed`."""
    try:
        yield
    except passed:
        raise
    except ExplainedError as error:
        raise failure(str(error)) from None


class ActivityFeed(dg.ConfigurableResource):
    """The Activity Feed: what to read of it, and how much in one run. A wrong environment fails the step."""

    def sources(self) -> list[Source]:
        """The sources to read."""
        with fail_step_on_error():
            return read_sources(os.environ)

    def run_history_days(self) -> int:
        """For how many days Dagster remembers runs."""
        with fail_step_on_error():
            return Settings.read(os.environ, "run_history_days").run_history_days

    def bounds(self) -> Bounds:
        """How much one run may do."""
        with fail_step_on_error():
            return read_bounds(os.environ)


class Publication(dg.ConfigurableResource):
    """The two sets that the marts are published as. A wrong environment fails the step."""

    directory: str
    general_directory: str
    postgres_setting: str = "publish_postgres_url"

    @property
    def path(self) -> Path:
        """The directory of the restricted set."""
        return Path(self.directory)

    @property
    def general_path(self) -> Path:
        """The directory of the general set."""
        return Path(self.general_directory)

    def restricted(self, built: Catalog) -> PublishedSet:
        """The set of everything."""
        with fail_step_on_error():
            check_paths(os.environ)
            group = Settings.read(os.environ, "published_group").published_group
            return restricted(built, self.path, group, self._since())

    def general(self, built: Catalog) -> PublishedSet | None:
        """The set that names nobody; None where there is no key for its pseudonyms."""
        with fail_step_on_error():
            key = pseudonym_key(os.environ)
            if key is None:
                return None
            check_paths(os.environ)
            group = Settings.read(os.environ, "published_general_group").published_general_group
            return general(built, Pseudonyms(key), self.general_path, group, self._since())

    def _since(self) -> date | None:
        return published_since(os.environ, datetime.now(UTC).date())

    def every(self) -> timedelta:
        """How long an edition stays, at least, when a schedule publishes."""
        with fail_step_on_error():
            return timedelta(minutes=Settings.read(os.environ, "publish_every_minutes").publish_every_minutes)

    def has_workbook(self) -> bool:
        """Whether a workbook is published beside the DuckDB file."""
        with fail_step_on_error():
            return Settings.read(os.environ, "published_workbook").published_workbook

    def postgres_url(self) -> SecretStr | None:
        """The PostgreSQL database that is published into as well."""
        with fail_step_on_error():
            return getattr(Settings.read(os.environ, self.postgres_setting), self.postgres_setting)


class Archive(dg.ConfigurableResource):
    """Where sealed days are archived, if anywhere."""

    def settings(self) -> ArchiveSettings | None:
        """What the environment says of the archive; a wrong environment fails the step."""
        with fail_step_on_error():
            return read_archive(os.environ)

    def store(self, settings: ArchiveSettings) -> Store:
        """The archive's store; one that cannot be reached fails the step."""
        with fail_step_on_error():
            return open_store(settings.place, settings.endpoint, settings.region)


class Alerts(dg.ConfigurableResource):
    """Who is sent alerts, if anybody."""

    def settings(self) -> AlertSettings | None:
        """What the environment says of alerts; a wrong environment fails the step."""
        with fail_step_on_error():
            return read_alerts(os.environ)


class Siem(dg.ConfigurableResource):
    """Where events for a SIEM go, if anywhere."""

    def settings(self) -> SiemSettings | None:
        """What the environment says of the SIEM; a wrong environment fails the step."""
        with fail_step_on_error():
            return read_siem(os.environ)


class Warehouse(DuckDBResource):
    """The warehouse file. Unlike its base class it closes the file also after an error."""

    _makes_room: bool = PrivateAttr(default=False)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.database)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Every job needs the warehouse, so this is where a run begins: from here on it is known to be alive."""
        if context.instance and context.run:
            hold_run_lock(context.instance, context.run.run_id)
        self._makes_room = bool(context.run and MAKES_ROOM.items() <= context.run.tags.items())

    @contextmanager
    def get_connection(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with schema `raw` in place; a file that cannot be used fails the step."""
        with fail_step_on_error(), open_warehouse(self.path, read_only=read_only) as connection:
            yield connection

    def raw_days(self) -> int | None:
        """For how many days records are kept; a wrong environment fails the step."""
        with fail_step_on_error():
            return Settings.read(os.environ, "raw_days").raw_days

    def require_room(self) -> None:
        """Fail the step, before it writes, where a disk has less room than DISK_MIN_FREE_MB."""
        if self._makes_room:
            return
        with fail_step_on_error():
            min_free_mb = Settings.read(os.environ, "disk_min_free_mb").disk_min_free_mb
            require_room(disk_paths(os.environ) | {"WAREHOUSE_PATH": self.path}, min_free_mb)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """The lock of a step that adds to the warehouse or writes files: it needs room."""
        self.require_room()
        with self.lock():
            yield

    @contextmanager
    def lock(self) -> Iterator[None]:
        """The lock on the file: one step at a time, in whichever process."""
        with fail_step_on_error():
            check_paths(os.environ)
            with warehouse_lock(self.path):
                yield
