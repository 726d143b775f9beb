"""Compares what the ledger claims with the clock and the rows: gaps, history, lag, counts.

Everything is read; nothing is written. Own reads are in `own_reads`.
"""

from datetime import datetime, timedelta

import duckdb

from orchestration.intervals import Interval, aware_utc, rfc3339
from orchestration.monitoring.check_result import CheckResult, together
from orchestration.verification.verify_sql import LEDGER_OF_THE_FILE
from orchestration.warehouse.ledger import coverage, not_proven

SHOWN = 5
# The schedule reads every 5 minutes.
EXPECTED_RUN_WITHIN = timedelta(hours=2)
# An organization that nobody uses for a whole day is rarer than a feed that has fallen silent.
EXPECTED_ACTIVITY_WITHIN = timedelta(hours=24)

_SOURCES = "select source from raw.sources union select source from raw.extracts order by source"

_RETIRED = "select source from raw.sources where last_run_at < (select max(last_run_at) from raw.sources)"

# Sources older than the table `raw.sources` have no row in it: the ledger says how far they were read.
_LAST_RUNS = """
with read as (
    select source, max(slice_end) as covered_to from raw.extracts where status = 'complete' group by source
)
select
    coalesce(sources.source, read.source),
    coalesce(last_horizon, covered_to),
    last_error,
    coalesce(last_run_at < (select max(last_run_at) from raw.sources), false) as is_retired
from raw.sources full join read on sources.source = read.source
order by 1
"""


_QUARANTINED = """
select source, reason, count(*), max(received_at) from raw.quarantined_records group by all order by 1, 2
"""


def sources(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The names of all sources that were ever read."""
    return [name for (name,) in connection.execute(_SOURCES).fetchall()]


def no_gaps(connection: duckdb.DuckDBPyConnection, now: datetime) -> CheckResult:
    """Covered time has no gap and ends before now; no failed extract is open.

    A gap of a source that was not part of the last run is reported, but does not fail the run.
    """
    retired = _retired(connection)
    open_now = [sentence for found in open_gaps(connection, now).values() for sentence in found]
    found = open_now + [
        sentence for source in sorted(retired) for sentence in _not_proven(connection, source, now)
    ]
    figures = {"gaps": len(found), "first gaps": found[:SHOWN]}
    if not found:
        return CheckResult(True, "Covered time has no gap.", figures=figures)
    then = (
        "The rest is stored and built; the next refresh reads it again."
        if open_now
        else "The source is no longer read, so the gap stays; configure it again to close it."
    )
    return CheckResult(False, f"{len(found)} gap(s): {found[0]} {then}", is_error=bool(open_now), figures=figures)


def open_gaps(connection: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, list[str]]:
    """A sentence on each gap, by source, of the sources with gaps that were part of the last run."""
    current = [name for name in sources(connection) if name not in _retired(connection)]
    found = {source: _not_proven(connection, source, now) for source in current}
    return {source: sentences for source, sentences in found.items() if sentences}


def _retired(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {source for (source,) in connection.execute(_RETIRED).fetchall()}


def _not_proven(connection: duckdb.DuckDBPyConnection, source: str, now: datetime) -> list[str]:
    covered = coverage(connection, source)
    reasons = not_proven(connection, source)
    if covered and covered[-1].end > now:
        reasons[Interval(now, covered[-1].end)] = (
            "It is still in the future: the clock was ahead when it was read."
        )
    return [f"{source} {gap}: {reason}" for gap, reason in sorted(reasons.items())]


def history_is_read(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """History is read back to where it begins; says from when on it is, and how much is left."""
    starts = dict(connection.execute("select source, history_start from raw.sources").fetchall())
    return together(
        [
            _history(source, coverage(connection, source), aware_utc(starts.get(source)))
            for source in sources(connection)
        ],
        "Nothing was read yet.",
    )


def _history(source: str, covered: list[Interval], start: datetime | None) -> CheckResult:
    if not covered:
        return CheckResult(False, f"{source}: nothing is read yet.", is_error=False)
    read_from = covered[0].start
    figures: dict = {f"{source}: read from": read_from}
    read = f"{source}: history is read from {rfc3339(read_from)} on"
    if start is None:
        return CheckResult(True, f"{read}; where it begins is not recorded.", figures=figures)
    figures[f"{source}: days left"] = left = max((read_from - start) / timedelta(days=1), 0.0)
    if not left:
        return CheckResult(True, f"{read}, its beginning.", figures=figures)
    return CheckResult(
        False,
        f"{read}; {left:,.1f} day(s) are left back to {rfc3339(start)}. Each refresh continues with them.",
        is_error=False,
        figures=figures,
    )


def every_source_is_read(
    connection: duckdb.DuckDBPyConnection, now: datetime, within: timedelta = EXPECTED_RUN_WITHIN
) -> CheckResult:
    """Each source of the last run was read without an error, and up to a time that is not older than `within`.

    A source that was not part of the last run is no longer configured: reported, but not a failure.
    """
    found = connection.execute(_LAST_RUNS).fetchall()
    return together([_last_run(*row, now, within) for row in found], "Nothing was read yet.")


def _last_run(
    source: str, horizon: datetime | None, error: str | None, is_retired: bool, now: datetime, within: timedelta
) -> CheckResult:
    reached = aware_utc(horizon)
    figures: dict = {f"{source}: read up to": reached} if reached else {}
    if is_retired:
        return CheckResult(True, f"{source}: no longer read; it was not part of the last run.", figures=figures)
    if error:
        return CheckResult(False, f"{source}: its last run failed: {error}", figures=figures)
    if reached is None:
        return CheckResult(False, f"{source}: no run has read it yet.", is_error=False, figures=figures)
    if now - reached > within:
        sentence = (
            f"{source}: read up to {rfc3339(reached)} only, {_hours(now - reached)} ago. "
            "See that the schedule runs, or run `make refresh`."
        )
        return CheckResult(False, sentence, is_error=False, figures=figures)
    return CheckResult(True, f"{source}: read up to {rfc3339(reached)}.", figures=figures)


def newest_activity_is_recent(
    connection: duckdb.DuckDBPyConnection, now: datetime, within: timedelta = EXPECTED_ACTIVITY_WITHIN
) -> CheckResult:
    """The newest activity of each source is not older than `within`: the feed has not fallen silent."""
    newest = dict(
        connection.execute("select source, max(created_at) from raw.activities group by source").fetchall()
    )
    return together(
        [_newest(source, aware_utc(newest.get(source)), now, within) for source in sources(connection)],
        "Nothing was read yet.",
    )


def _newest(source: str, newest: datetime | None, now: datetime, within: timedelta) -> CheckResult:
    if newest is None:
        return CheckResult(False, f"{source}: there is no activity at all yet.", is_error=False)
    figures: dict = {f"{source}: newest activity": newest}
    if now - newest <= within:
        return CheckResult(True, f"{source}: the newest activity is from {rfc3339(newest)}.", figures=figures)
    sentence = (
        f"{source}: the newest activity is from {rfc3339(newest)}, {_hours(now - newest)} ago. See in "
        "marts.blind_spots whether logging was switched off; otherwise nobody did anything since."
    )
    return CheckResult(False, sentence, is_error=False, figures=figures)


def ledger_counts_equal_rows(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """Each extract has exactly as many rows in `raw` as its row in the ledger says, and no row has no extract."""
    [(walk_count, differing, first)] = connection.execute(LEDGER_OF_THE_FILE).fetchall()
    figures = {"extracts": walk_count, "extracts that differ": differing}
    if not differing:
        return CheckResult(True, "Every extract has the rows that the ledger states.", figures=figures)
    return CheckResult(
        False,
        f"{differing} extract(s) differ from the ledger; the first is {first}. Schema raw was changed by hand, "
        "or the file is damaged: restore a copy.",
        figures=figures,
    )


def no_record_is_quarantined(connection: duckdb.DuckDBPyConnection) -> CheckResult:
    """Every record that was received is an activity; says how many are not, and why."""
    found = connection.execute(_QUARANTINED).fetchall()
    figures: dict = {f"{source}: {reason}": count for source, reason, count, _ in found}
    if not found:
        return CheckResult(True, "Every record that was received has an id and a time.")
    counts = ", ".join(f"{source} {reason} ({count:,})" for source, reason, count, _ in found)
    newest = max(received_at for *_, received_at in found)
    return CheckResult(
        False,
        f"{sum(count for _, _, count, _ in found):,} record(s) could not be stored as activities: {counts}; the "
        f"last came at {rfc3339(aware_utc(newest))}. They are in raw.quarantined_records as they came. Ask the "
        "feed's support about them.",
        is_error=False,
        figures=figures,
    )


def _hours(age: timedelta) -> str:
    return f"{age / timedelta(hours=1):,.1f} h"
