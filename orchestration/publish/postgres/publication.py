"""Publishes a set to PostgreSQL, which every BI tool can read. Optional.

Tables are loaded into a new schema and indexed; the schema is then renamed to the set's schema in one transaction.
Running queries finish on the old tables, which are dropped once nobody reads them.
"""

import os
from dataclasses import dataclass, field
from uuid import uuid4

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from orchestration.config.sources import LOOPBACK
from orchestration.publish.duckdb_file import METADATA_SCHEMA, register_metadata
from orchestration.publish.edition import METADATA_TABLE, Edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.files import publishing_into
from orchestration.publish.marts import Column, Mart
from orchestration.publish.postgres.copy import Loader
from orchestration.publish.postgres.grants import copy_grants
from orchestration.publish.postgres.links import add_foreign_keys
from orchestration.publish.sets import PublishedSet

# Comment on our schemas. A schema without it was not made by us and is never replaced.
MARK = "Published by compliance-warehouse; replaced as a whole with every publication."
CONNECT_SECONDS = 10
_HOSTS = {"host": "PGHOST", "hostaddr": "PGHOSTADDR"}
_ENCRYPTED = ("require", "verify-ca", "verify-full")
# A rename that waits for a lock blocks every new query, so it gives up soon.
SWAP_WAIT = "5s"

_TYPES = {"int64": "bigint", "string": "varchar", "date32[day]": "date"}
_METADATA = Mart(
    name=METADATA_TABLE,
    description="One row per source: what was published, when, and how far the source is proven complete.",
    columns=tuple(Column(one.name, _TYPES.get(str(one.type), "timestamp"), "", None) for one in METADATA_SCHEMA),
    key=None,
    identified_by=(),
    order_by=(),
    partition_by=None,
    indexes=(),
    ages_by=None,
    relation="edition_metadata",
    counted="edition_metadata",
)


@dataclass(slots=True)
class PostgresPublication:
    """Whether anything was written, and warnings for the operator."""

    written: bool
    warnings: list[str] = field(default_factory=list)


def publish_postgres(
    connection: duckdb.DuckDBPyConnection,
    published: PublishedSet,
    edition: Edition,
    url: SecretStr,
    setting: str = "PUBLISH_POSTGRES_URL",
) -> PostgresPublication:
    """Publish the marts of the open warehouse. Temporary files go to the set's directory.

    `setting`: the name of the setting that has the URL, for messages.

    Raises:
        PublicationError: nothing was published.
    """
    _require_encryption(url, setting)
    try:
        with (
            publishing_into(published.directory),
            psycopg.connect(
                url.get_secret_value(), connect_timeout=CONNECT_SECONDS, application_name="compliance-warehouse"
            ) as server,
        ):
            server.autocommit = True
            # Times without a zone are in UTC, also while they are loaded.
            server.execute("set time zone 'UTC'")
            return _Publisher(connection, server, published, edition, setting).publish()
    except psycopg.Error as error:
        raise PublicationError(_message(error, setting)) from None


def _require_encryption(url: SecretStr, setting: str) -> None:
    """Refuse an unencrypted connection to another host."""
    try:
        parameters = conninfo_to_dict(url.get_secret_value())
    except psycopg.Error:
        raise PublicationError(
            f"{setting} cannot be read. Use one like "
            "postgresql://user:password@host:5432/database?sslmode=verify-full."
        ) from None
    hosts = [parameters.get(name) or os.environ.get(variable, "") for name, variable in _HOSTS.items()]
    names = [name for host in hosts for name in str(host).split(",") if name]
    mode = parameters.get("sslmode") or os.environ.get("PGSSLMODE")
    is_elsewhere = any(name not in LOOPBACK and not name.startswith(("/", "@")) for name in names)
    if (is_elsewhere or parameters.get("service")) and mode not in _ENCRYPTED:
        raise PublicationError(
            f"{setting} names a server on another host, and records would cross the network "
            "unencrypted. Add ?sslmode=verify-full (or verify-ca, require), and sslrootcert for a private "
            "certificate authority."
        )


def _message(error: psycopg.Error, setting: str) -> str:
    # The driver's messages can quote the URL, and the server's data exceptions (class 22) a value.
    message = error.diag.message_primary if error.sqlstate and not error.sqlstate.startswith("22") else None
    reason = message or (
        "it cannot be reached" if isinstance(error, psycopg.OperationalError) else type(error).__name__
    )
    return (
        f"Cannot publish to PostgreSQL: {reason}. Check {setting}, that the server runs, and that its "
        "user may create schemas; what was published before stays."
    )


class _Publisher:
    def __init__(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        server: psycopg.Connection,
        published: PublishedSet,
        edition: Edition,
        setting: str,
    ) -> None:
        self.warehouse, self.server, self.published, self.edition = warehouse, server, published, edition
        self.setting = setting
        self.schema = published.postgres_schema
        self.next_prefix, self.old_prefix = f"{self.schema}_next_", f"{self.schema}_old_"
        self.next = f"{self.next_prefix}{uuid4().hex[:12]}"

    def publish(self) -> PostgresPublication:
        """Load, index, describe, grant, swap; then remove what is old."""
        self._require_own_schema()
        outcome = PostgresPublication(written=False)
        if self._published_fingerprint() != self.edition.fingerprint:
            self.warehouse.execute("set preserve_insertion_order = true")
            self._load()
            outcome = PostgresPublication(written=True, warnings=self._grant())
            self._swap()
        outcome.warnings += self._sweep()
        return outcome

    def _execute(self, statement: str, **names: str) -> None:
        self.server.execute(
            sql.SQL(statement).format(**{name: sql.Identifier(value) for name, value in names.items()})
        )

    def _schemas(self, prefix: str) -> dict[str, str | None]:
        return dict(
            self.server.execute(
                "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace "
                "where starts_with(nspname, %s) order by nspname",
                [prefix],
            ).fetchall()
        )

    def _require_own_schema(self) -> None:
        found = self._schemas(self.schema)
        if self.schema in found and found[self.schema] != MARK:
            raise PublicationError(
                f"The PostgreSQL database has a schema {self.schema} that this product did not make. Point "
                f"{self.setting} to another database, or rename that schema."
            )

    def _published_fingerprint(self) -> str | None:
        table = f"{self.schema}.{METADATA_TABLE}"
        [(exists,)] = self.server.execute("select to_regclass(%s)", [table]).fetchall()
        row = self.server.execute(f"select fingerprint from {table} limit 1").fetchone() if exists else None
        return row[0] if row else None

    def _load(self) -> None:
        with self.server.transaction():
            self._execute("create schema {schema}", schema=self.next)
            self.server.execute(
                sql.SQL("comment on schema {} is {}").format(sql.Identifier(self.next), sql.Literal(MARK))
            )
        loader = Loader(self.warehouse, self.server, self.next, self.published.directory)
        self.published.prepare(self.warehouse)
        register_metadata(self.warehouse, self.edition)
        for mart in (*self.published.marts, _METADATA):
            loader.load(mart)
        add_foreign_keys(self.server, self.next, loader.loaded, loader.keys)

    def _grant(self) -> list[str]:
        """Grant the set's role read access, and to others what they had.

        Returns a warning if the role is missing and we may not create it.
        """
        with self.server.transaction():
            copy_grants(self.server, self.schema, self.next)
        role = self.published.postgres_role
        try:
            with self.server.transaction():
                [(exists,)] = self.server.execute(
                    "select exists (select from pg_roles where rolname = %s)", [role]
                ).fetchall()
                if not exists:
                    self._execute("create role {role} nologin", role=role)
                self._execute("grant usage on schema {schema} to {role}", schema=self.next, role=role)
                self._execute(
                    "grant select on all tables in schema {schema} to {role}", schema=self.next, role=role
                )
        except psycopg.errors.InsufficientPrivilege:
            return [
                f"The role {role} is missing and this user may not create it: only the user itself can "
                f"read the tables. Have an administrator run `create role {role}`."
            ]
        return []

    def _swap(self) -> None:
        with self.server.transaction():
            self.server.execute(f"set local lock_timeout = '{SWAP_WAIT}'")
            if self.schema in self._schemas(self.schema):
                old = self.next.replace(self.next_prefix, self.old_prefix)
                self._execute("alter schema {schema} rename to {old}", schema=self.schema, old=old)
            self._execute("alter schema {next} rename to {schema}", next=self.next, schema=self.schema)

    def _sweep(self) -> list[str]:
        """Drop old schemas and those of killed publications. Returns a warning if one is still in use."""
        kept = []
        for prefix in (self.old_prefix, self.next_prefix):
            for schema, mark in self._schemas(prefix).items():
                if mark == MARK and not self._drop(schema):
                    kept.append(schema)
        if not kept:
            return []
        return [
            f"Kept {', '.join(kept)}: a query still reads it, or a view of yours is built on it and shows old "
            "data. Recreate such views after each publication; the next one tries to drop it again."
        ]

    def _drop(self, schema: str) -> bool:
        try:
            with self.server.transaction():
                self.server.execute(f"set local lock_timeout = '{SWAP_WAIT}'")
                tables = self.server.execute(
                    "select tablename from pg_tables where schemaname = %s", [schema]
                ).fetchall()
                if tables:
                    # In one statement, because foreign keys tie them together.
                    names = sql.SQL(", ").join(sql.Identifier(schema, table) for (table,) in tables)
                    self.server.execute(sql.SQL("drop table {}").format(names))
                self._execute("drop schema {schema}", schema=schema)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DependentObjectsStillExist):
            return False
        return True
