"""An access review of a day: who held what, granted when and by whom, last used when, and what changed.

It is read from the published file, so from tables whose checks passed. The same file and days give the same bytes.
It contains names and email addresses on purpose.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb

from orchestration.access_review.cells import Row
from orchestration.access_review.grants import Held
from orchestration.access_review.page import as_html
from orchestration.access_review.statements import (
    AGREEMENT,
    BLIND_SPOTS,
    EDITION,
    GRANTS,
    KEY_USES,
    PEOPLE,
    RIGHTS,
)
from orchestration.access_review.table import RIGHT_COLUMNS, as_csv
from orchestration.config.values import check_local
from orchestration.duckdb_sql import dict_rows
from orchestration.durable_files import write_durably
from orchestration.errors import ExplainedError

DIRECTORY = "access-reviews"
SINCE_DAYS = 90


class ReviewError(ExplainedError):
    """The review cannot be written. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Review:
    """The content of a review.

    `rows`: one per holder and grant, in a stable order, with `COLUMNS`. `rights`: one per person and path to a
    right, and `agreement`: how far events and directory agree; both are of the edition, not of the day.
    """

    on: date
    since: date
    rows: list[Row]
    edition: Row
    blind_spots: list[Row]
    rights: list[Row]
    agreement: list[Row]

    @property
    def held(self) -> list[Row]:
        """The rows of grants held at the end of the day."""
        return [row for row in self.rows if row["is_held"]]

    @property
    def is_complete(self) -> bool:
        """Whether everything up to the end of the day is proven to be read."""
        through = self.edition["complete_through"]
        return through is not None and through.date() > self.on and not self.edition["incomplete_day_count"]

    @property
    def provable(self) -> list[Row]:
        """The rows held at the end of the day that the newest walks of the directory could show."""
        return [row for row in self.held if row["is_proven"] is not None]

    def remarked(self, remark: str) -> list[Row]:
        """The rows that have the remark."""
        return [row for row in self.rows if remark in row["remarks"]]


@dataclass(frozen=True, slots=True)
class Written:
    """A review and the files that it was written to."""

    review: Review
    table: Path
    rights: Path
    page: Path


def write_review(published: Path, output: Path, on: str = "", since: str = "") -> Written:
    """Write the review of a day from the published file, as CSV and HTML, into the directory `output`.

    `on`, `since`: UTC dates such as 2026-06-30. Empty means the newest complete day, and 90 days before.

    Raises:
        ConfigurationError: `output` is an address.
        ReviewError: there is no published file, a date is invalid, or the files cannot be written.
    """
    check_local("output", output)
    review = read_review(published, on, since)
    stem = output / f"access-review-{review.on}"
    rights = stem.with_name(f"{stem.name}-rights.csv")
    written = Written(review, stem.with_suffix(".csv"), rights, stem.with_suffix(".html"))
    try:
        output.mkdir(parents=True, exist_ok=True)
        write_durably(written.table, as_csv(review.on, review.rows))
        write_durably(written.rights, as_csv(review.on, review.rights, RIGHT_COLUMNS))
        write_durably(written.page, as_html(review))
    except OSError as error:
        raise ReviewError(f"Cannot write to {output}: {error.strerror}. Choose another directory.") from None
    return written


def read_review(published: Path, on: str = "", since: str = "") -> Review:
    """Read the review of a day from the published file; see `write_review`."""
    if not published.exists():
        raise ReviewError(f"There is no {published}. Run `make refresh` first.")
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return _read(connection, on, since)
    except duckdb.Error as error:
        raise ReviewError(f"{published} cannot be read: {str(error).splitlines()[0]}") from None


def _read(connection: duckdb.DuckDBPyConnection, on: str, since: str) -> Review:
    [edition] = _rows(connection, EDITION, until=datetime.max)
    day, before = _days(edition, on, since)
    until, earlier = (datetime.combine(one, time.max) for one in (day, before))
    [edition] = _rows(connection, EDITION, until=until)
    uses = _rows(connection, KEY_USES, until=until)
    held = Held(
        periods=_rows(connection, GRANTS, until=until),
        people={person["user_id"]: person for person in _rows(connection, PEOPLE, until=until)},
        uses={(use["key_type"], use["key_id"]): use["last_used_at"] for use in uses},
    )
    return Review(
        on=day,
        since=before,
        rows=held.rows(until, earlier),
        edition=edition,
        blind_spots=_rows(connection, BLIND_SPOTS, until=until),
        rights=_rows(connection, RIGHTS),
        agreement=_rows(connection, AGREEMENT),
    )


def _days(edition: Row, on: str, since: str) -> tuple[date, date]:
    if edition["first_activity_at"] is None:
        raise ReviewError("There are no activities yet, so there is nothing to review. Run `make refresh` first.")
    day = _date(on) if on else edition["newest_complete_date"] or edition["newest_activity_at"].date()
    first, last = edition["first_activity_at"].date(), edition["published_at"].date()
    if not first <= day <= last:
        raise ReviewError(f"{day} is not within the log, which goes from {first} to {last}. Choose a date in it.")
    before = _date(since) if since else day - timedelta(days=SINCE_DAYS)
    if before >= day:
        raise ReviewError(f"{before} is not before {day}. Use the date of the last review.")
    return day, before


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ReviewError(f"{text} is not a date. Use one like 2026-06-30.") from None


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, **moments: datetime) -> list[Row]:
    return dict_rows(connection, sql, moments or None)
