"""Removal of records on request: the erasure of a person, and the retention of whole days.

The warehouse is written without them to a second file, which replaces the first in one step: a deleted row would
stay readable until something overwrites it. `removal_sql` describes what is left for the proofs. Curated tables
are left out, because they repeat the records; the next build makes them again.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import duckdb

from orchestration import __version__
from orchestration.duckdb_sql import literal, transaction
from orchestration.durable_files import sync
from orchestration.evidence import removal_sql as sql
from orchestration.evidence.removals import Removal, list_removals
from orchestration.evidence.removed_items_sql import LEAVE
from orchestration.evidence.seals import append_seals, seal_days
from orchestration.intervals import naive_utc
from orchestration.landing.land import last_number
from orchestration.privacy.carry_over import carry_over
from orchestration.privacy.selection import Choice, choose_days, choose_person
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.leftovers import sweep_leftovers
from orchestration.warehouse.temporary import temporary

MAX_CHARACTERS = 200
ERASURE, RETENTION = "erasure", "retention"


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """Who requested a removal, and why: kept forever, and shown with every verification.

    Raises:
        WarehouseError: one of them is missing, or is not fit to be kept.
    """

    requested_by: str
    reason: str

    def __post_init__(self) -> None:
        for name, text in (("who removes", self.requested_by), ("why", self.reason)):
            if not text.strip():
                raise WarehouseError(f"State {name}: it is kept with the proofs. Set BY and WHY.")
            if "@" in text or not text.isprintable() or len(text) > MAX_CHARACTERS:
                raise WarehouseError(
                    f"The text for {name} is kept for good and shown to auditors. Use one line of up to "
                    f"{MAX_CHARACTERS} characters without an email address, such as a role or a case number."
                )


_TOMBSTONES = """
insert into raw.removed_activities by name
select $removal_id as removal_id, * exclude (activity_type) from {rows} order by ingest_seq
"""

_DAY_COUNTS = """
insert into raw.removed_days by name
select
    $removal_id as removal_id,
    old_days.*,
    count(*) filter (where table_name = 'activities') as activity_count,
    count(*) filter (where table_name = 'activity_revisions') as revision_count
from {days} as old_days left join {rows} using (source, removed_date)
group by all
order by source, removed_date
"""

_EXTRACT_COUNTS = """
insert into raw.removed_extracts by name
select
    $removal_id as removal_id, source, extract_id,
    count(*) filter (where table_name = 'activities') as activity_count,
    count(*) filter (where table_name = 'activity_revisions') as revision_count
from {rows}
group by all
order by source, extract_id
"""

_RECORD = f"""
insert into raw.removals by name
with row as (
    select
        $removal_id as removal_id, $kind as kind, $requested_by as requested_by, $reason as reason,
        $now as removed_at, count(*) filter (where table_name = 'activities') as activity_count,
        count(*) filter (where table_name = 'activity_revisions') as revision_count,
        $last_ingest_seq as last_ingest_seq,
        (select max(walk_seq) from raw.directory_walks) as last_walk_seq,
        (select content_sha256 from ({sql.CONTENTS}) where removal_id = $removal_id) as content_sha256,
        (select arg_max(removal_sha256, removal_id) from raw.removals) as previous_removal_sha256
    from {{rows}}
)
select *, {sql.removal_expression("row", "previous_removal_sha256")} as removal_sha256,
    $product_version as product_version
from row
"""


def erase(path: Path, subject: str, request: RemovalRequest) -> Removal | None:
    """Remove every activity and every item of the directory that names the person, for good; None if none does.

    The caller holds `warehouse_lock`, and has the curated tables rebuilt and published afterwards.

    Raises:
        WarehouseError: nothing was removed.
    """
    return _remove(path, ERASURE, request, lambda connection: choose_person(connection, subject))


def oldest_kept(raw_days: int | None) -> date:
    """The first day (UTC) that is kept when records are kept for `raw_days` days.

    Raises:
        WarehouseError: the number of days is not set.
    """
    if raw_days is None:
        raise WarehouseError("Records are kept indefinitely. Set RAW_DAYS to the number of days to keep them.")
    return datetime.now(UTC).date() - timedelta(days=raw_days)


def retain(path: Path, before: date, request: RemovalRequest) -> Removal | None:
    """Remove the sealed days before `before`, as `erase` does; None where there is none.

    Days without a seal stay, and so do days with a failed extract that is still to be repeated.
    """
    return _remove(path, RETENTION, request, lambda connection: choose_days(connection, before))


def _remove(
    path: Path,
    kind: str,
    request: RemovalRequest,
    choose: Callable[[duckdb.DuckDBPyConnection], AbstractContextManager[Choice]],
) -> Removal | None:
    _sweep(path)
    path = path.resolve()
    with open_warehouse(path) as connection:
        _require_all_in_file(connection)
        # Records that came since the last seals are sealed while they are still there.
        seal_days(connection)
    draft = path.with_name(f"{path.name}.{uuid4().hex}.draft")
    removal = None
    try:
        with open_warehouse(draft) as connection:
            connection.execute(f"attach {literal(path)} as origin (read_only)")
            [(target,)] = connection.execute("select current_database()").fetchall()
            connection.execute("use origin")
            with choose(connection) as choice:
                [(is_any,)] = connection.execute(*choice.is_anything).fetchall()
                last = last_number(connection)
                connection.execute(f'use "{target}"')
                if is_any:
                    carry_over(connection, choice)
                    removal = _record(connection, kind, request, choice, last)
        if removal:
            _require_proofs(draft)
            _take_place(draft, path)
    finally:
        _sweep(path)
    return removal


def _require_all_in_file(connection: duckdb.DuckDBPyConnection) -> None:
    """What only the archive has cannot be removed: its parts are written once."""
    [(count,)] = connection.execute(
        "select count(*) from raw.archive_files where dropped_at is not null"
    ).fetchall()
    if count:
        raise WarehouseError(
            "Old days exist only in the archive, where nothing can be removed, so nothing was removed. Restore "
            "the archive into another file (`make restore` with another WAREHOUSE_PATH) and remove them there."
        )


def _sweep(path: Path) -> None:
    """Remove what killed runs left beside the file: it may hold records that are to be removed."""
    try:
        sweep_leftovers(path)
    except OSError as error:
        raise WarehouseError(
            f"{error.filename}, which a killed run left, cannot be removed: {error.strerror}. It may hold "
            "records that are to be removed: delete it, then run again."
        ) from None


def _record(
    connection: duckdb.DuckDBPyConnection, kind: str, request: RemovalRequest, choice: Choice, last_ingest_seq: int
) -> Removal:
    """Write what is left of the removed rows, the removal itself, and the seals that record it."""
    [(removal_id,)] = connection.execute("select coalesce(max(removal_id), 0) + 1 from raw.removals").fetchall()
    now = naive_utc(datetime.now(UTC))
    number = {"removal_id": removal_id}
    with transaction(connection):
        of_activities = (_DAY_COUNTS, _EXTRACT_COUNTS) if choice.days else (_TOMBSTONES,)
        for statement in (*of_activities, LEAVE):
            connection.execute(statement.format(rows=choice.rows, days=choice.days, items=choice.items), number)
        connection.execute(
            _RECORD.format(rows=choice.rows),
            number
            | {
                "kind": kind,
                "requested_by": request.requested_by.strip(),
                "reason": request.reason.strip(),
                "now": now,
            }
            | {"last_ingest_seq": last_ingest_seq, "product_version": __version__},
        )
        with temporary(connection, "resealed_days", sql.RESEAL_DAYS, number) as days:
            append_seals(connection, days, now)
    return list_removals(connection)[-1]


def _require_proofs(draft: Path) -> None:
    """Nothing is removed from a history that fails verification: the new seals would hide the tampering."""
    findings = verify(draft).findings
    if findings:
        raise WarehouseError(
            f"The warehouse does not verify, so nothing was removed. raw.{findings[0].table}, {findings[0].name}: "
            f"{findings[0].first}. Resolve that first, for example with a backup."
        )


def _take_place(draft: Path, path: Path) -> None:
    """Remove everything else that repeats records of the old file, then replace it in one step."""
    logs = [one.with_name(one.name + ".wal") for one in (draft, path)]
    if any(log.exists() for log in logs):
        raise WarehouseError(f"{path} is in use by another program, so nothing was removed. Close it there.")
    # What queries spilled when a process was killed; what dbt wrote beside the file: its log can quote a value.
    for left in (path.with_name(path.name + ".tmp"), path.with_suffix(".dbt")):
        try:
            shutil.rmtree(left)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise WarehouseError(
                f"{left} cannot be removed: {error.strerror}, so nothing was removed. Remove it, then run again."
            ) from None
    shutil.copymode(path, draft)
    sync(draft)
    os.replace(draft, path)
    sync(path.parent)
