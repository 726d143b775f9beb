"""Dagster resources, and how an expected error fails a step.

Resources read the environment when a run asks for them. None of them stores a key: keys are read for one refresh
and are not part of any run configuration.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from pydantic import SecretStr

from orchestration.archive.errors import ArchiveError
from orchestration.archive.store import Store, open_store
from orchestration.config.archive import ArchiveSettings, read_archive
from orchestration.config.paths import check_paths
from orchestration.config.publishing import pseudonym_key, published_since
from orchestration.config.settings import (
    ConfigurationError,
    postgres_url,
    published_group,
    raw_days,
    read_bounds,
    read_sources,
    run_history_days,
)
from orchestration.config.sources import Bounds, Source
from orchestration.publish.marts import Catalog
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.run_locks import hold_run_lock
from orchestration.warehouse.connection import open_warehouse, warehouse_lock
from orchestration.warehouse.errors import WarehouseError


def failure(description: str, metadata: Mapping[str, Any] | None = None) -> dg.Failure:
    """A failure of the step that Dagster does not retry, because a retry would fail the same way."""
    return dg.Failure(description, metadata=metadata, allow_retries=False)


@contextmanager
def fail_step_on(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors of these types into a failure of the step with the error's message. Also a decorator."""
    try:
        yield
    except errors as error:
        raise failure(str(error)) from None


class ActivityFeed(dg.ConfigurableResource):
    """The Activity Feed: the sources to read, and the limits of one run. A wrong setting fails the step."""

    @fail_step_on(ConfigurationError)
    def sources(self) -> list[Source]:
        """The sources to read."""
        return read_sources(os.environ)

    @fail_step_on(ConfigurationError)
    def run_history_days(self) -> int:
        """For how many days Dagster's records of runs are kept."""
        return run_history_days(os.environ)

    @fail_step_on(ConfigurationError)
    def bounds(self) -> Bounds:
        """How much one run may read."""
        return read_bounds(os.environ)


class Publication(dg.ConfigurableResource):
    """The two sets that the marts are published as. A wrong setting fails the step."""

    directory: str
    general_directory: str

    @property
    def path(self) -> Path:
        """The directory of the restricted set."""
        return Path(self.directory)

    @property
    def general_path(self) -> Path:
        """The directory of the general set."""
        return Path(self.general_directory)

    @fail_step_on(ConfigurationError)
    def restricted(self, built: Catalog) -> PublishedSet:
        """The set with all columns."""
        check_paths(os.environ)
        return restricted(built, self.path, published_group(os.environ), self._since())

    @fail_step_on(ConfigurationError)
    def general(self, built: Catalog) -> PublishedSet | None:
        """The pseudonymized set; None without a key for the pseudonyms."""
        key = pseudonym_key(os.environ)
        if key is None:
            return None
        check_paths(os.environ)
        group = published_group(os.environ, "PUBLISHED_GENERAL_GROUP")
        return general(built, Pseudonyms(key), self.general_path, group, self._since())

    def _since(self) -> date | None:
        return published_since(os.environ, datetime.now(UTC).date())

    @fail_step_on(ConfigurationError)
    def postgres_url(self) -> SecretStr | None:
        """The PostgreSQL database to publish to as well; None if there is none."""
        return postgres_url(os.environ)


class Archive(dg.ConfigurableResource):
    """Where sealed days are archived. A wrong setting fails the step."""

    @fail_step_on(ConfigurationError)
    def settings(self) -> ArchiveSettings | None:
        """The archive's settings; None if there is no archive."""
        return read_archive(os.environ)

    @fail_step_on(ArchiveError)
    def store(self, settings: ArchiveSettings) -> Store:
        """The archive's store. An unreachable one fails the step."""
        return open_store(settings.place, settings.endpoint, settings.region)


class Warehouse(DuckDBResource):
    """The warehouse file. Unlike its base class it also closes the file after an error."""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.database)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Mark the run as alive. Done here because every job uses the warehouse."""
        if context.instance and context.run:
            hold_run_lock(context.instance, context.run.run_id)

    @contextmanager
    def get_connection(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file, with schema `raw` in place. An unusable file fails the step."""
        with fail_step_on(WarehouseError), open_warehouse(self.path, read_only=read_only) as connection:
            yield connection

    @fail_step_on(ConfigurationError)
    def raw_days(self) -> int | None:
        """For how many days records are kept; None for all of them. A wrong setting fails the step."""
        return raw_days(os.environ)

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Hold the warehouse lock: one step at a time, across all processes."""
        with fail_step_on(ConfigurationError, WarehouseError):
            check_paths(os.environ)
            with warehouse_lock(self.path):
                yield
