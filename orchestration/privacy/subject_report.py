"""Writes everything held on one person to files, to answer a data subject's request.

Records come byte for byte, the rows of the curated tables as CSV. Which records name the person is decided in
`privacy.mentions`, for reports and erasures alike.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.config.values import check_local
from orchestration.markdown import code, instant, table
from orchestration.privacy.mentions import NAMED, mentioned
from orchestration.privacy.subject import (
    ITEM_KEY,
    Subject,
    choose,
    find_decisions,
    find_items,
    find_quarantined,
    find_subject,
)
from orchestration.publish.marts import SCHEMA, Catalog, Column, Mart
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from orchestration.warehouse.temporary import temporary

DIRECTORY = "subject-reports"
PAGE = "README.md"
QUARANTINED = "quarantined.jsonl"
_ROWS_AT_ONCE = 10_000

_RECORDS = """
select payload from raw.{table} semi join {chosen} using (activity_id) order by created_at, ingest_seq
"""
_QUARANTINED = f"""
select payload from raw.quarantined_records
where sha256(payload) in (select id from {{named}} where mention = '{NAMED}')
order by received_at
"""
ITEMS = "directory.jsonl"
_ITEMS = f"""
select payload from raw.directory_items
where is_present and {ITEM_KEY} in (select id from {{named}} where mention = '{NAMED}')
order by observed_at, ingest_seq
"""
_RAW = (
    (
        "stored_activities",
        "activities.jsonl",
        "Every record that names the person, one a line, as the feed sent it.",
    ),
    ("activity_revisions", "revisions.jsonl", "Other contents that the feed gave later for these records."),
)


DECISIONS = "finding_decisions.jsonl"
_DECISIONS = f"""
select to_json(decisions)::varchar from raw.finding_decisions as decisions
where decision_number in (select id from {{named}} where mention = '{NAMED}')
order by decision_number
"""
# Written only where something names the person.
_WHERE_NAMED = (
    (QUARANTINED, find_quarantined, _QUARANTINED, "Records without a usable id or time that name the person."),
    (
        ITEMS,
        find_items,
        _ITEMS,
        "Every item of the directory that names the person, as the API sent it each time that it changed.",
    ),
    (
        DECISIONS,
        lambda connection, person: find_decisions(connection, person.mentions),
        _DECISIONS,
        "Decisions about findings that name the person.",
    ),
)


@dataclass(frozen=True, slots=True)
class SubjectReport:
    """A report that was written: its directory and, by file, how many records or rows it has."""

    directory: Path
    counts: dict[str, int]


def write_report(path: Path, catalog: Catalog, stated: str, output: Path | None = None) -> SubjectReport:
    """Write all that the warehouse at `path` holds on the person with the user id or address `stated`.

    It goes into a directory of its own in `output`, or in `subject-reports` beside the warehouse; its name says
    nothing about the person.

    Raises:
        ConfigurationError: `output` is an address.
        WarehouseError: there is no such person, or the files cannot be written.
    """
    check_local("output", output)
    now = datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%SZ}-{hashlib.sha256(stated.strip().lower().encode()).hexdigest()[:12]}"
    directory = (output or path.parent / DIRECTORY) / name
    with open_warehouse(path, read_only=True) as connection:
        person = find_subject(connection, stated)
        try:
            with choose(connection, person) as chosen:
                directory.mkdir(mode=0o700, parents=True)
                return _write(connection, catalog, _Naming(person, chosen), directory, now)
        except OSError as error:
            shutil.rmtree(directory, ignore_errors=True)
            raise WarehouseError(
                f"Cannot write to {directory.parent}: {error.strerror}. Choose another directory."
            ) from None
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise


@dataclass(frozen=True, slots=True)
class _Naming:
    """A person, and the temporary table of the activities that name them."""

    person: Subject
    chosen: str


def _write(
    connection: duckdb.DuckDBPyConnection, catalog: Catalog, naming: _Naming, directory: Path, now: datetime
) -> SubjectReport:
    counts, lines = {}, []
    for source, file, description in _RAW:
        rows = connection.execute(_RECORDS.format(table=source, chosen=naming.chosen))
        counts[file] = count = _write_records(rows, directory / file)
        lines.append((code(file), f"{count:,}", description))
    for file, find, query, description in _WHERE_NAMED:
        with find(connection, naming.person) as found:
            rows = connection.execute(query.format(named=found))
            count = _write_records(rows, directory / file)
        if count:
            counts[file] = count
            lines.append((code(file), f"{count:,}", description))
        else:
            (directory / file).unlink()
    for mart in catalog.marts:
        count = _write_rows(connection, mart, naming, directory / f"{mart.name}.csv")
        if count:
            counts[f"{mart.name}.csv"] = count
            lines.append((code(f"{mart.name}.csv"), f"{count:,}", mart.description))
    (directory / PAGE).write_text(_page(naming.person, lines, now), encoding="utf-8")
    return SubjectReport(directory, counts)


def _write_records(rows: duckdb.DuckDBPyConnection, file: Path) -> int:
    count = 0
    with file.open("wb") as written:
        while found := rows.fetchmany(_ROWS_AT_ONCE):
            written.writelines(payload.encode() + b"\n" for (payload,) in found)
            count += len(found)
    return count


def _write_rows(connection: duckdb.DuckDBPyConnection, mart: Mart, naming: _Naming, file: Path) -> int:
    """The rows of the mart that rest on a chosen record or name the person; no file where there are none."""
    columns = [column for column in mart.columns if column.name != "payload"]
    is_chosen = "false"
    if "activity_id" in mart.column_names:
        is_chosen = f"activity_id in (select activity_id from {naming.chosen})"
    # A row with the whole record names the person where the record does.
    text = "to_json(held)::varchar" if "payload" not in mart.column_names else "null::varchar"
    order = f"order by {', '.join(f'held.{_quoted(name)}' for name in mart.order_by)}" if mart.order_by else ""
    query = (
        f"select row_number() over ({order}) as _row, {is_chosen} as _is_chosen, {text} as _text, "
        f"{', '.join(map(_cell, columns))} from {SCHEMA}.{mart.name} as held "
        "where _is_chosen or regexp_matches(_text, $scan)"
    )
    with (
        temporary(connection, "held_rows", query, {"scan": naming.person.mentions.scan}) as held,
        mentioned(connection, naming.person.mentions, f"select _row as id, _text as text from {held}") as found,
    ):
        rows = f"from {held} where _is_chosen or _row in (select id from {found} where mention = '{NAMED}')"
        [(count,)] = connection.execute(f"select count(*) {rows}").fetchall()
        if count:
            target = str(file).replace("'", "''")
            written = f"select * exclude (_row, _is_chosen, _text) {rows} order by _row"
            connection.execute(f"copy ({written}) to '{target}' (format csv, header)")
    return count


def _cell(column: Column) -> str:
    """The column for spreadsheets: an apostrophe precedes what one would take for a formula."""
    name = f"held.{_quoted(column.name)}"
    text = f"array_to_string({name}, '; ')" if column.data_type.endswith("[]") else name
    if "varchar" in column.data_type:
        hidden = r'[\s"\x00-\x1f\x{ad}\x{200b}-\x{200f}\x{2060}\x{feff}]*'
        formula = rf"(^|[;,|\t\r\n])({hidden}[=+@\x{{ff1d}}\x{{ff0b}}\x{{ff0d}}\x{{ff20}}-])"
        text = f"regexp_replace({text}, '{formula}', '\\1''\\2', 'g')"
        text = f"regexp_replace({text}, '^([\\t\\r\\n])', '''\\1')"
    return f"{text} as {_quoted(column.name)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _page(person: Subject, lines: Sequence[tuple[str, str, str]], now: datetime) -> str:
    known = [
        ("User id", ", ".join(map(code, person.user_ids)) or "none is known"),
        ("Addresses", ", ".join(map(code, person.emails)) or "none is known"),
        ("Written", instant(now)),
    ]
    shared = (
        f"\n{person.shared_count} more address(es) were used by other users as well. Records that name the person "
        "by one of these alone are not included.\n"
        if person.shared_count
        else ""
    )
    return "\n".join(
        [
            "# What is held on one person",
            "",
            *table(("", ""), known),
            shared,
            *table(("file", "records", "what it is"), lines),
            "",
            "A record is here where the id or one of the addresses is in it as a whole word: as who acted, as "
            "who claimed to be, as who was added or removed, in a text or in a URL. Times are UTC. In the CSV "
            "files an apostrophe precedes a text that a spreadsheet would take for a formula.",
            "",
            "Records and rows name other people as well: have them looked at before they are handed out.",
            "",
        ]
    )
