"""The envelope of each record, read out of its bytes by DuckDB: id, time, type, organization, actor.

The records go in as an Arrow table and come out as the same table with the envelope's columns added. What is wrong
with a record that has no usable id or time is a column as well. No file need be open.
"""

from datetime import datetime

import duckdb
import orjson
import pyarrow as pa

from orchestration.duckdb_sql import registered
from orchestration.intervals import naive_utc
from orchestration.warehouse.errors import WarehouseError

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

# The usual form of a time: it can be cast directly, without a second pass or a time zone.
_PLAIN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,6})?Z"
# DuckDB would also take a date alone, the word `infinity`, the name of a zone, or an offset of 99 hours; and it
# takes no leap second. A time without an offset is in UTC.
_RFC_3339 = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?"
# RFC 3339 has no year before it; an offset can reach there.
_FIRST = "timestamp '0001-01-01'"
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
_READ = f"""
with parsed as (
    select position, {{envelope}} as envelope from records
),
read as (
    select
        position,
        envelope.id as activity_id,
        case
            when regexp_full_match(envelope.created_at, $plain) then try_cast(envelope.created_at as timestamp)
            when regexp_full_match(envelope.created_at, $form)
                then timezone('UTC', try_cast(
                    regexp_replace(upper(envelope.created_at), $leap_second, ':59.999999') as timestamptz
                ))
        end as created_at,
        envelope.type as activity_type,
        envelope.organization_id,
        envelope.organization_uuid,
        envelope.actor.type as actor_type
    from parsed
)
select
    *,
    case
        when coalesce(activity_id, '') = '' then 'no id'
        when created_at is null or created_at < {_FIRST} then 'no readable created_at'
        when created_at > $horizon then 'created_at is still to come'
    end as reason
from read
"""
_FORMS = {"envelope": ENVELOPE, "plain": _PLAIN, "form": _RFC_3339, "leap_second": _LEAP_SECOND}


def read_envelopes(connection: duckdb.DuckDBPyConnection, records: pa.Table, horizon: datetime) -> pa.Table:
    """The records with their envelopes, in the same order.

    `records` has at least position and payload. `horizon`: no record can be from after it. Ages count from
    the newest activity, so one from the year 9999 would distort them all. Column `reason` is null where the
    record can be stored as an activity.
    """
    # Times are in UTC, and rows come back in the order in which they went in.
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = true")
    envelopes = _envelopes(connection, records, _FORMS | {"horizon": naive_utc(horizon)})
    if not envelopes["position"].equals(records["position"]):
        raise WarehouseError("The engine changed the order of the records, so none was stored. Run again.")
    complete = records
    for name in envelopes.column_names[1:]:
        complete = complete.append_column(name, envelopes[name])
    return complete


def _envelopes(
    connection: duckdb.DuckDBPyConnection, records: pa.Table, parameters: dict[str, object]
) -> pa.Table:
    with registered(connection, "records", records):
        try:
            return connection.sql(_READ.format(envelope=_STRICT), params=parameters).to_arrow_table()
        except duckdb.InvalidInputException:
            tolerant = parameters | {"half_pairs": _HALF_PAIRS}
            return connection.sql(_READ.format(envelope=_TOLERANT), params=tolerant).to_arrow_table()
