"""Verification: recomputes everything that the warehouse claims about itself, and compares.

Reads all of `raw` and changes nothing. Each check is a few set-based statements whose memory is bounded: payloads
stream through, days are hashed by ranges, and what must be unique is looked for in parts.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.detections import decisions
from orchestration.duckdb_sql import registered
from orchestration.evidence import ledger_sql, removal_sql
from orchestration.evidence.day_hash import day_contents
from orchestration.evidence.removals import Removal, list_removals
from orchestration.evidence.seal_file import Kept, compare
from orchestration.landing.envelopes import ENVELOPE
from orchestration.verification import directory_sql
from orchestration.verification import verify_sql as sql
from orchestration.verification.untrusted import open_untrusted
from orchestration.warehouse.temporary import temporary

# How many ids are held at once when duplicates are looked for.
_PART_ROWS = 5_000_000


# Every check, as table and name; `kept_seals_are_there` also needs a file.
CHECKS = (
    ("activities", "payload_hashes_hold"),
    ("activities", "columns_match_payloads"),
    ("activities", "ids_are_unique"),
    ("activities", "ingest_seq_is_unique"),
    ("activity_revisions", "payload_hashes_hold"),
    ("activity_revisions", "columns_match_payloads"),
    ("extracts", "rows_match_the_ledger"),
    ("extracts", "quarantined_records_hold"),
    ("extracts", "contents_match_the_ledger"),
    ("extracts", "sealed_extracts_hold"),
    ("directory_items", "payload_hashes_hold"),
    ("directory_items", "columns_match_payloads"),
    ("key_usage", "usage_hashes_hold"),
    ("directory_walks", "rows_match_the_ledger"),
    ("directory_walks", "contents_match_the_ledger"),
    ("directory_walks", "walk_seq_has_no_gap"),
    ("directory_walks", "sealed_walks_hold"),
    ("day_seals", "chain_holds"),
    ("day_seals", "sealed_days_hold"),
    ("day_seals", "removals_hold"),
    ("finding_decisions", "decisions_hold"),
)


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """One check: `finding_count` of `checked_count` things differ; `first` describes the first of them.

    `table` is the table of schema `raw` that the check is about.
    """

    table: str
    name: str
    checked_count: int
    finding_count: int
    first: str | None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Verification:
    """All outcomes, authorized removals, and what no seal covers yet: days without a seal, sealed days that have
    received rows since, and walks.

    `unproven` is None, or a sentence on activities from extracts whose reads the feed has not reported.
    """

    outcomes: list[VerificationResult]
    removals: list[Removal]
    activity_count: int
    unsealed_day_count: int
    unsealed_activity_count: int
    changed_day_count: int
    unsealed_walk_count: int
    unproven: str | None
    seconds: float

    @property
    def findings(self) -> list[VerificationResult]:
        """The checks that found something."""
        return [one for one in self.outcomes if one.finding_count]

    def describe(self) -> Iterator[str]:
        """A table of the checks, and what no seal covers."""
        yield f"{'table':<20}{'check':<26}{'checked':>12}{'differ':>10}{'seconds':>9}"
        for one in self.outcomes:
            numbers = f"{one.checked_count:>12,}{one.finding_count:>10,}{one.seconds:>9.1f}"
            yield f"{one.table:<20}{one.name:<26}{numbers}"
        rate = self.activity_count / max(self.seconds, 1e-9)
        yield f"{self.activity_count:,} activities in {self.seconds:.1f} s: {rate:,.0f} a second."
        yield from map(str, self.removals)
        if self.unsealed_day_count or self.changed_day_count:
            yield (
                f"Not yet sealed: {self.unsealed_day_count} day(s) with {self.unsealed_activity_count:,} "
                f"activities and {self.changed_day_count} sealed day(s) with newer activities. No seal speaks for "
                "these."
            )
        if self.unsealed_walk_count:
            yield f"Not yet sealed: {self.unsealed_walk_count:,} directory walk(s)."
        if self.unproven:
            yield self.unproven


def verify(path: Path, kept: Kept | None = None, logged: Sequence[tuple[str, str]] | None = None) -> Verification:
    """Recompute everything without running code of the file, which must not be open in this process.

    `kept` are seals that were exported before and kept elsewhere; `logged` are seals that were recorded elsewhere,
    each as source and `seal_sha256`.

    Raises:
        WarehouseError: the file has code that the product did not put there, or cannot be used.
    """
    began = time.monotonic()
    steps = list(STEPS)
    if kept:
        steps.append(lambda held: [VerificationResult("day_seals", "kept_seals_are_there", *compare(held, kept))])
    if logged is not None:
        steps.append(lambda held: [_find_logged_seals(held, logged)])
    with open_untrusted(path) as connection:
        outcomes = [outcome for step in steps for outcome in _timed(step, connection)]
        [unsealed] = connection.execute(sql.NOT_SEALED).fetchall()
        [(walk_count,)] = connection.execute(directory_sql.NOT_SEALED).fetchall()
        [(activity_count,)] = connection.execute("select count(*) from raw.stored_activities").fetchall()
        removals = list_removals(connection)
        unproven = _unproven(connection)
    seconds = time.monotonic() - began
    return Verification(outcomes, removals, activity_count, *unsealed, walk_count, unproven, seconds)


def _unproven(connection: duckdb.DuckDBPyConnection) -> str | None:
    [(count, late_count, extract_count, first)] = connection.execute(ledger_sql.UNPROVEN).fetchall()
    if not count:
        return None
    return (
        f"Unproven: {count:,} activities, of which {late_count:,} arrived after their day was sealed, came by "
        f"{extract_count:,} extract(s) whose reads the feed has not reported. First: {first}."
    )


def _find_logged_seals(
    connection: duckdb.DuckDBPyConnection, logged: Sequence[tuple[str, str]]
) -> VerificationResult:
    table = pa.table({"source": [one for one, _ in logged], "seal_sha256": [seal for _, seal in logged]})
    with registered(connection, "logged", table):
        return _outcome(connection, "day_seals", "logged_seals_are_there", sql.LOGGED_SEALS)


def _timed(step: "Step", connection: duckdb.DuckDBPyConnection) -> list[VerificationResult]:
    began = time.monotonic()
    outcomes = step(connection)
    seconds = time.monotonic() - began
    return [replace(outcome, seconds=seconds) for outcome in outcomes]


def _outcome(connection: duckdb.DuckDBPyConnection, table: str, name: str, statement: str) -> VerificationResult:
    [(checked, findings, first)] = connection.execute(statement).fetchall()
    return VerificationResult(table, name, checked, findings, first)


def _payloads(connection: duckdb.DuckDBPyConnection, table: str) -> list[VerificationResult]:
    """One pass over the payloads: their hashes, and the columns read from them."""
    if table == "directory_items":
        statement, parameters = directory_sql.ITEMS, {}
    else:
        statement = sql.PAYLOADS.format(table="stored_activities" if table == "activities" else table)
        parameters = {"envelope": ENVELOPE}
    [(checked, changed, first, differing, first_differing)] = connection.execute(statement, parameters).fetchall()
    return [
        VerificationResult(table, "payload_hashes_hold", checked, changed, first),
        VerificationResult(table, "columns_match_payloads", checked, differing, first_differing),
    ]


_ROW_COUNT = "select count(*) from raw.stored_activities"


def _in_parts(
    connection: duckdb.DuckDBPyConnection, table: str, name: str, statement: str, size: str = _ROW_COUNT
) -> VerificationResult:
    """A check that holds ids or hashes of many rows at once, run in parts so that its memory stays bounded.

    `size` is a query for how many there are.
    """
    [(row_count,)] = connection.execute(size).fetchall()
    part_count = row_count // _PART_ROWS + 1
    found = [
        connection.execute(statement, {"part": part, "parts": part_count}).fetchall()[0]
        for part in range(part_count)
    ]
    first = min((text for _, _, text in found if text), default=None)
    return VerificationResult(table, name, sum(one[0] for one in found), sum(one[1] for one in found), first)


def _sealed_days(connection: duckdb.DuckDBPyConnection) -> VerificationResult:
    """Each version of each seal against the rows that it can have seen."""
    with (
        temporary(connection, "wanted_days", sql.WANTED_DAYS) as wanted,
        day_contents(connection, wanted) as contents,
    ):
        return _outcome(connection, "day_seals", "sealed_days_hold", sql.sealed_days(contents))


Step = Callable[[duckdb.DuckDBPyConnection], Sequence[VerificationResult]]
STEPS: tuple[Step, ...] = (
    lambda held: _payloads(held, "activities"),
    lambda held: _payloads(held, "activity_revisions"),
    lambda held: [_in_parts(held, "activities", "ids_are_unique", sql.REPEATED_IDS)],
    lambda held: [_in_parts(held, "activities", "ingest_seq_is_unique", sql.REPEATED_NUMBERS)],
    lambda held: [_outcome(held, "extracts", "rows_match_the_ledger", sql.LEDGER)],
    lambda held: [_outcome(held, "extracts", "quarantined_records_hold", sql.QUARANTINED)],
    lambda held: [_in_parts(held, "extracts", "contents_match_the_ledger", ledger_sql.CONTENTS)],
    lambda held: [_outcome(held, "extracts", "sealed_extracts_hold", ledger_sql.SEALED_ROWS)],
    lambda held: _payloads(held, "directory_items"),
    lambda held: [_outcome(held, "key_usage", "usage_hashes_hold", directory_sql.USAGE)],
    lambda held: [_outcome(held, "directory_walks", "rows_match_the_ledger", directory_sql.ROWS)],
    lambda held: [
        _in_parts(
            held,
            "directory_walks",
            "contents_match_the_ledger",
            directory_sql.CONTENTS,
            directory_sql.CONTENT_SIZE,
        )
    ],
    lambda held: [_outcome(held, "directory_walks", "walk_seq_has_no_gap", directory_sql.NUMBERS)],
    lambda held: [_outcome(held, "directory_walks", "sealed_walks_hold", ledger_sql.SEALED_WALKS)],
    lambda held: [_outcome(held, "day_seals", "chain_holds", sql.CHAIN)],
    lambda held: [_sealed_days(held)],
    lambda held: [_outcome(held, "day_seals", "removals_hold", removal_sql.REMOVALS)],
    lambda held: [_outcome(held, "finding_decisions", "decisions_hold", decisions.CHAIN)],
)
"""What `verify` computes again. The order is free: no step needs what another left in the connection."""
