"""The one way into the warehouse file for Python: opened late, closed soon, also after an error.

DuckDB lets one process write and shuts out all others meanwhile, so nothing may wait for the network while the
file is open.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from uuid import uuid4

import duckdb
import fsspec
from filelock import FileLock, Timeout

from orchestration.duckdb_sql import transaction
from orchestration.durable_files import refuses_links, sync
from orchestration.warehouse.engine import Engine
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import sweep_leftovers
from orchestration.warehouse.schema import SCHEMA_VERSION, create_schema

LOCK_WAIT_SECONDS = 60.0
_RETRY_SECONDS = 0.25
# As in dbt's profile: times without a zone are UTC everywhere.
_SETTINGS = "set TimeZone = 'UTC'; set preserve_insertion_order = false"
_ADDRESS = re.compile(r"(md|motherduck|ducklake|postgres|s3|gs|az|https?):", re.IGNORECASE)

_IDENTITY = """
select coalesce(max(version), 0), exists(from {schema}.archive_files where dropped_at is not null)
from {schema}.schema_version
"""
_STORED = "select sql from duckdb_views() where schema_name = 'raw' and view_name = 'stored_activities'"


@contextmanager
def open_warehouse(
    path: Path,
    *,
    read_only: bool = False,
    wait_seconds: float = LOCK_WAIT_SECONDS,
    row_group: int | None = None,
    is_known: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, with schema `raw` in place unless read-only.

    `row_group`: after how many rows the engine begins a new row group; its own number if None. What adds to a row
    group that is not full yet makes the engine write it again as a whole, with all of it in memory. `is_known`:
    the file was there before, and none is created in its place.

    Raises:
        WarehouseError: the file is held by another process, is no DuckDB database, belongs to something else,
            was made by another version, or cannot be created.
    """
    options = ["read_only"] if read_only else []
    if row_group:
        options.append(f"row_group_size {row_group}")
    with _open(path, read_only, wait_seconds, options, is_known) as connection:
        if not read_only:
            _sweep(path)
        connection.execute(_SETTINGS)
        version, has_dropped = _check_identity(connection, path, read_only)
        # Some thirty statements, which would cost a third of what storing a small batch takes.
        if not read_only and version < SCHEMA_VERSION:
            _create_schema(connection)
        if has_dropped:
            [(definition,)] = connection.execute(_STORED).fetchall()
            if "s3://" in definition:
                read_s3(connection)
        yield connection


@contextmanager
def open_beside(path: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database in memory, to which the warehouse is attached as `warehouse`, read-only.

    Names are looked up in memory first and never in the file: what is wanted of it is named in full. The engine
    opens a file once in a process, so no other connection to it may be open here.

    Raises:
        WarehouseError: as `open_warehouse`.
    """
    with _open(path, True, wait_seconds, ["read_only"]) as connection:
        connection.execute(f"use memory; {_SETTINGS}")
        _check_identity(connection, path, read_only=True, schema="warehouse.raw")
        yield connection
        # Only an empty engine is reused.
        connection.execute("drop schema if exists memory.raw cascade")


@contextmanager
def _open(
    path: Path, read_only: bool, wait_seconds: float, options: Sequence[str], is_known: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, closed at the end."""
    engine = Engine(path)
    try:
        with (
            _connect(engine, path, read_only, wait_seconds, options, is_known) as connection,
            _explained(path, connection),
        ):
            yield connection
    finally:
        engine.leave()


@contextmanager
def _explained(path: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Whatever DuckDB refuses meanwhile becomes one sentence."""
    try:
        yield
    except duckdb.Error as error:
        # Of DuckDB's own words only those about files are repeated: others can quote a payload.
        words = f" {str(error).splitlines()[0]}" if isinstance(error, duckdb.IOException) else ""
        archived = ", that ARCHIVE_PATH still has what only the archive has" if _has_dropped(connection) else ""
        raise WarehouseError(
            f"Working on {path} failed ({type(error).__name__}).{words} Nothing half done was stored. Check that "
            f"the disk has room and that nobody else writes to the file{archived}, then run again."
        ) from error


def _has_dropped(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether days are in the archive alone, as far as the connection still answers."""
    with suppress(duckdb.Error):
        return any("read_parquet" in definition for (definition,) in connection.execute(_STORED).fetchall())
    return False


@contextmanager
def warehouse_lock(path: Path, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """One pipeline step at a time on this warehouse, open or not, no matter who started it."""
    _prepare_directory(path)
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        raise WarehouseError(f"Another run is writing to {path}. Wait until it is done, then run again.") from None
    except OSError as error:
        raise WarehouseError(f"Cannot write beside {path}: {error.strerror}. Check WAREHOUSE_PATH.") from None
    try:
        try:
            sweep_leftovers(path)
        except OSError as error:
            raise WarehouseError(
                f"{error.filename}, which a killed run left, cannot be removed: {error.strerror}. Remove it."
            ) from None
        yield
    finally:
        lock.release()


def _prepare_directory(path: Path) -> None:
    # DuckDB would make a file of that name, and nobody would miss the real one.
    if address := next((part for part in path.parts if _ADDRESS.match(part)), None):
        raise WarehouseError(
            f"The warehouse is a file on a disk of this machine, and {address} is an address. Point "
            "WAREHOUSE_PATH to a file; docs/scaling.md describes what to do when one machine is too small."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WarehouseError(
            f"Cannot create the directory of {path}: {error.strerror}. Check WAREHOUSE_PATH."
        ) from None


def _connect(
    engine: Engine, path: Path, read_only: bool, wait_seconds: float, options: Sequence[str], is_known: bool
) -> duckdb.DuckDBPyConnection:
    if read_only and not path.exists():
        raise WarehouseError(
            f"There is no warehouse at {path}. Run `make refresh` first, or check WAREHOUSE_PATH."
        )
    _prepare_directory(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            if not path.exists():
                if is_known:
                    raise WarehouseError(
                        f"{path} was moved away or deleted while it was written to. No new one was made in its "
                        "place: bring it back, then run again."
                    )
                _create(path)
            return engine.attach(options)
        except (duckdb.IOException, duckdb.ResourceInUseException) as error:
            message = str(error)
            if isinstance(error, duckdb.IOException) and "Could not set lock" not in message:
                raise WarehouseError(_unusable(path, message)) from None
            if time.monotonic() > deadline:
                holder = re.search(r"PID (\d+)", message)
                who = f"process {holder[1]}" if holder else "another thread or process"
                raise WarehouseError(
                    f"{path} is held by {who}. Close it there (analysts: open a copy), then run again."
                ) from None
            time.sleep(_RETRY_SECONDS)
        except duckdb.Error as error:
            raise WarehouseError(_unusable(path, str(error))) from None
        except OSError as error:
            raise WarehouseError(_unusable(path, error.strerror or str(error))) from None


def _create(path: Path) -> None:
    """Put an empty warehouse at the path, as a whole or not at all.

    DuckDB writes a new file in several steps and cannot open one that a process left unfinished, so the file
    is made under another name and then linked to its own, which fails if another process was faster.
    """
    draft = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        with duckdb.connect(str(draft)) as connection:
            _create_schema(connection)
        # The draft may be gone, because the first process to link deletes all drafts.
        with suppress(FileExistsError, FileNotFoundError):
            _take_name(draft, path)
        sync(path.parent)
    except duckdb.Error as error:
        raise WarehouseError(_unusable(path, str(error).replace(str(draft), str(path)))) from None
    finally:
        _sweep(path)


def _take_name(draft: Path, path: Path) -> None:
    """Name the file, unless another has the name."""
    try:
        os.link(draft, path)
    except OSError as error:
        if not refuses_links(error):
            raise
        # Without hard links a rename would replace a file, so one process at a time checks and renames.
        with FileLock(path.with_name(f"{path.name}.making")):
            if not path.exists():
                os.rename(draft, path)


def _sweep(path: Path) -> None:
    """Delete the drafts of processes that died meanwhile: a second link to the file would outlast removals."""
    for left in path.parent.glob(f"{escape(path.name)}.*.new*"):
        with suppress(OSError):
            left.unlink()


def _create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """All tables or none: a process may end between two statements."""
    with transaction(connection):
        create_schema(connection)


def _unusable(path: Path, message: str) -> str:
    if "not a valid DuckDB" in message:
        return f"{path} is not a DuckDB database. Point WAREHOUSE_PATH to another file."
    return f"Cannot open {path}: {message.splitlines()[0]} Check WAREHOUSE_PATH."


def read_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Have the connection read `s3://` through fsspec; `archive.storage` sets that up."""
    if "s3" not in connection.list_filesystems():
        connection.register_filesystem(fsspec.filesystem("s3"))


def _check_identity(
    connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool, schema: str = "raw"
) -> tuple[int, bool]:
    """Returns the version of schema `raw`, 0 where there is none yet, and whether the archive alone has days."""
    try:
        # To list what a file holds costs the engine seven times as much, and every batch opens the file.
        [(version, has_dropped)] = connection.execute(_IDENTITY.format(schema=schema)).fetchall()
    except duckdb.CatalogException:
        version, has_dropped = _find_version(connection, path, schema), True
    if version > SCHEMA_VERSION:
        raise WarehouseError(f"{path} was written by a newer version of this product. Upgrade, then run again.")
    if read_only and version < SCHEMA_VERSION:
        raise WarehouseError(
            f"{path} was last written by an older version. Run `make refresh` once, then run again."
        )
    return version, has_dropped


def _find_version(connection: duckdb.DuckDBPyConnection, path: Path, schema: str) -> int:
    """The version of a schema `raw` that lacks a table which every present one has."""
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal"
    ).fetchall()
    names = {name for (name,) in tables}
    if "raw.schema_version" in names:
        [(version,)] = connection.execute(f"select max(version) from {schema}.schema_version").fetchall()
        return version or 0
    if names:
        raise WarehouseError(
            f"{path} belongs to something else (it holds {min(names)}). Point WAREHOUSE_PATH to another file."
        )
    return 0
