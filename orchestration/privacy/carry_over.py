"""Copies a warehouse into a new file without the removed records.

On the connection `origin` is the warehouse as it was, and the current database is the new file, empty but for
schema `raw`.
"""

import duckdb

from orchestration.privacy.mentions import Mentions, mentioned
from orchestration.privacy.selection import Choice
from orchestration.privacy.subject import find_decisions

# With no build on record, the next one rebuilds every table. The old archive still has what was removed, so
# it does not belong to the new file, which is archived elsewhere. What is tuned is read from its
# file again, and addresses are looked up again.
_LEFT_OUT = (
    "address_locations", "builds", "archive_files", "archive_snapshots", "dropped_extracts", "detection_settings",
    "detection_allowlist",
)  # fmt: skip
_FILTERED = ("activities", "activity_revisions")

_TABLES = """
select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'raw' order by 1
"""

# The one curated table that is not a function of the current records: it says when a finding was first reported.
# Findings that rest on a removed record or name the person go.
_HISTORY = "detections.finding_history"
_FINDINGS = """
create table {history} as
with touched as (
    select finding_id
    from (select finding_id, unnest(evidence_activity_ids) as activity_id from origin.{history})
    semi join {rows} as removed_rows using (activity_id)
)
select history.* from origin.{history} as history
anti join touched using (finding_id)
where finding_id not in (select id from {named} where mention = 'named')
"""


# The hash of a quarantined record stays, so that it is recognized when it comes again. Its payload is never
# written into the new file.
_QUARANTINED = """
insert into raw.quarantined_records by name
select * exclude (is_taken) replace (
    case when is_taken then null else payload end as payload,
    case
        when is_taken then (select coalesce(max(removal_id), 0) + 1 from origin.raw.removals) else removal_id
    end as removal_id
)
from (select *, coalesce({condition}, false) as is_taken from origin.raw.quarantined_records)
"""


# A decision stays, and the hash of its details, which may name the person, with it.
_DECISIONS = """
insert into raw.finding_decisions by name
select * exclude (is_taken) replace (
    if(is_taken, null, subject_id) as subject_id,
    if(is_taken, null, decided_by) as decided_by,
    if(is_taken, null, note) as note,
    if(is_taken, (select coalesce(max(removal_id), 0) + 1 from origin.raw.removals), removal_id) as removal_id
)
from (
    select *, decision_number in (select id from {named} where mention = 'named') as is_taken
    from origin.raw.finding_decisions
)
order by decision_number
"""


def carry_over(connection: duckdb.DuckDBPyConnection, choice: Choice) -> None:
    """Fill the new file with all but the selected rows; a person is also removed from the finding history."""
    # Rows keep their order, which lets the engine skip row groups of other times.
    connection.execute("set preserve_insertion_order = true")
    connection.execute("delete from raw.schema_version")
    mentions = choice.person.mentions if choice.person else Mentions((), ())
    for (table,) in connection.execute(_TABLES).fetchall():
        if table in _LEFT_OUT:
            continue
        if table == "quarantined_records":
            condition, parameters = choice.quarantined
            connection.execute(_QUARANTINED.format(condition=condition), parameters)
            continue
        if table == "finding_decisions":
            with find_decisions(connection, mentions, "origin.raw") as found:
                connection.execute(_DECISIONS.format(named=found))
            continue
        condition = f"where ingest_seq not in (select ingest_seq from {choice.rows})" if table in _FILTERED else ""
        if table == "directory_items":
            condition = f"where rowid not in (select item_row from {choice.items})"
        connection.execute(f"insert into raw.{table} by name select * from origin.raw.{table} {condition}")
    schema, name = _HISTORY.split(".")
    known = connection.execute(
        "select 1 from duckdb_tables() where database_name = 'origin' and schema_name = ? and table_name = ?",
        [schema, name],
    ).fetchall()
    if known:
        connection.execute(f"create schema {schema}")
        texts = f"select finding_id as id, to_json(history)::varchar as text from origin.{_HISTORY} as history"
        with mentioned(connection, mentions, texts) as found:
            connection.execute(_FINDINGS.format(history=_HISTORY, rows=choice.rows, named=found))
        # An event of a finding has its id, alone or with what became of it.
        connection.execute(
            "delete from raw.siem_findings "
            f"where split_part(event_uid, ':', 1) not in (select finding_id from {_HISTORY})"
        )
        connection.execute(
            "delete from raw.alerts "
            f"where kind = 'finding' and subject_id not in (select finding_id from {_HISTORY})"
        )
