"""Summarizes in one sentence what a build found in `marts.activity_revisions`."""

import duckdb

SHOWN = 10

_NEW = "from marts.activity_revisions where ingest_seq > $since"
# Names come from the feed: what does not look like one is not written to a log.
_NAME = "case when regexp_full_match({0}, '[A-Za-z0-9_.]{{1,80}}') then {0} else 'another' end"
_COUNTS = f"select count(*), count(distinct (source, activity_id)) {_NEW}"
_TYPES = f"select {_NAME.format('activity_type')}, count(*) {_NEW} group by 1 order by 2 desc, 1"
_FIELDS = f"""
select {_NAME.format("field")}, count(*) from (select unnest(changed_fields) as field {_NEW})
group by 1 order by 2 desc, 1
"""


def newest_revision(connection: duckdb.DuckDBPyConnection) -> int:
    """The newest `ingest_seq` of the mart; 0 before it is built."""
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'activity_revisions'"
    ).fetchall()
    if not found:
        return 0
    [(newest,)] = connection.execute(
        "select coalesce(max(ingest_seq), 0) from marts.activity_revisions"
    ).fetchall()
    return newest


def describe_revisions(connection: duckdb.DuckDBPyConnection, since: int) -> str | None:
    """How many contents came after `since`, of which types, and which fields differ; None where none came."""
    values = {"since": since}
    [(count, activity_count)] = connection.execute(_COUNTS, values).fetchall()
    if not count:
        return None
    types = connection.execute(_TYPES, values).fetchall()
    fields = connection.execute(_FIELDS, values).fetchall()
    return (
        f"The feed gave {count:,} other content(s) for {activity_count:,} known activities; what was stored first "
        f"stays. Types: {_listed(types)}. Fields: {_listed(fields) or 'none'}. See marts.activity_revisions."
    )


def _listed(counts: list[tuple[str, int]]) -> str:
    shown = [f"{name} ({count:,})" for name, count in counts[:SHOWN]]
    if len(counts) > SHOWN:
        shown.append(f"{len(counts) - SHOWN} more")
    return ", ".join(shown)
