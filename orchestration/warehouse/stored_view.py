"""The view `raw.stored_activities`: the rows of the file, and those of the days that only the archive has.

Its text follows from `raw.archive_files` and the place of the archive, so that a file's definition can be checked.
"""

import re
from collections.abc import Callable

import duckdb

from orchestration.warehouse.schema import STORED_COLUMNS

# A branch for each year, so that queries for other years or newer numbers skip its files.
_DROPPED = """
select
    list(path order by path) as paths,
    min(first_ingest_seq) as first_ingest_seq,
    max(last_ingest_seq) as last_ingest_seq,
    min(activity_date) as first_date,
    max(activity_date) + 1 as end_date
from raw.archive_files
where dropped_at is not null
group by year(activity_date)
order by first_date
"""

_TEXT = re.compile(r"'((?:[^']|'')*)'")


def stored_view(connection: duckdb.DuckDBPyConnection, url: Callable[[str], str]) -> str:
    """The statement that makes the view; `url` gives the location of a file of the archive for DuckDB."""
    branches = [f"select {STORED_COLUMNS} from raw.activities"]
    for paths, first_seq, last_seq, first_date, end_date in connection.execute(_DROPPED).fetchall():
        files = ", ".join(quoted(url(name)) for name in paths)
        branches.append(
            f"select {STORED_COLUMNS} from read_parquet([{files}], hive_partitioning = true, "
            "hive_types = {'source': varchar, 'activity_date': date}) "
            f"where ingest_seq between {first_seq} and {last_seq} "
            f"and created_at >= timestamp '{first_date}' and created_at < timestamp '{end_date}'"
        )
    return f"create or replace view raw.stored_activities as {' union all '.join(branches)}"


def archive_place(connection: duckdb.DuckDBPyConnection, definition: str) -> str | None:
    """Where the archive is that a view of this definition reads; None if it names no archived file."""
    found = connection.execute("select min(path) from raw.archive_files where dropped_at is not null").fetchall()
    suffix = f"/{found[0][0]}"
    texts = (text.replace("''", "'") for text in _TEXT.findall(definition))
    return next((text.removesuffix(suffix) for text in texts if text.endswith(suffix)), None)


def quoted(text: str) -> str:
    """The text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
