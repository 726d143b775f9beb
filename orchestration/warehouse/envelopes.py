"""The envelope of each record, read out of its bytes by DuckDB: id, time, type, organization, actor.

`batch` (the records in Arrow) goes in, the temp table `incoming` comes out: one row per record, in the same order,
without the payload. Records without an id or a time are refused here.
"""

from __future__ import annotations

import duckdb
import orjson

from orchestration.warehouse.errors import RecordError

ENVELOPE = orjson.dumps(
    {
        "id": "VARCHAR",
        "created_at": "VARCHAR",
        "type": "VARCHAR",
        "organization_id": "VARCHAR",
        "organization_uuid": "VARCHAR",
        "actor": {"type": "VARCHAR"},
    }
).decode()
# An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but DuckDB refuses the whole text.
_HALF_PAIRS = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"

# How nearly every time is written: it can be cast as it stands, which spares a second pass and the time zone.
_PLAIN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?Z"
# DuckDB would also take a date alone, or the word `infinity`; and it takes no leap second.
_RFC_3339 = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d"
_LEAP_SECOND = r":60(\.\d+)?"

_STRICT = "json_transform(payload, $envelope)"
# Costs a fifth more. What cannot be read at all becomes a record without an id.
_TOLERANT = r"""
coalesce(
    try(json_transform(payload, $envelope)),
    try(json_transform(regexp_replace(payload, $half_pairs, '\\ufffd', 'g'), $envelope))
)
"""

# A time with an offset is that moment in UTC.
_READ = """
create or replace temp table incoming as
with parsed as (
    select *, {envelope} as envelope from batch
)
select
    position,
    source,
    extract_id,
    late_before,
    envelope.id as activity_id,
    case
        when regexp_full_match(envelope.created_at, $plain) then try_cast(envelope.created_at as timestamp)
        when regexp_matches(envelope.created_at, $form)
            then timezone('UTC', try_cast(
                regexp_replace(upper(envelope.created_at), $leap_second, ':59.999999') as timestamptz
            ))
    end as created_at,
    envelope.type as activity_type,
    envelope.organization_id,
    envelope.organization_uuid,
    envelope.actor.type as actor_type,
    payload_sha256
from parsed
"""


def read_envelopes(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill `incoming` from `batch`; not within a transaction, which a failed attempt would end.

    Raises:
        RecordError: some records have no id or no time.
    """
    forms = {"envelope": ENVELOPE, "plain": _PLAIN, "form": _RFC_3339, "leap_second": _LEAP_SECOND}
    try:
        connection.execute(_READ.format(envelope=_STRICT), forms)
    except duckdb.InvalidInputException:
        connection.execute(_READ.format(envelope=_TOLERANT), forms | {"half_pairs": _HALF_PAIRS})
    found = connection.execute(
        """
        select extract_id, count(*), arg_min(payload_sha256, position), bool_or(activity_id is null)
        from incoming where activity_id is null or created_at is null group by extract_id
        """
    ).fetchall()
    if found:
        raise RecordError(
            {
                extract_id: f"{count} record(s) of the slice have no {'id' if no_id else 'readable created_at'} "
                f"(the first has SHA-256 {sha256}). The slice stays open; nothing of it is skipped."
                for extract_id, count, sha256, no_id in found
            }
        )
