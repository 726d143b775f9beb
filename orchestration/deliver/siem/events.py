"""The events of a delivery, as the models of schema `delivered` have them, and one event as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from orchestration.config.siem import SiemSettings
from orchestration.deliver.siem.ledger import Delivery
from orchestration.intervals import naive_utc

READ_ROWS = 4_096
BASE_EVENT = 0
# The attributes that only some classes have, as the macro `ocsf_attributes` fills them: without these columns each
# class has a schema of its own.
_OF_CLASSES = {
    "user": {3001, 3002, 3005, 3006},
    "service": {3002},
    "privileges": {3005, 3006},
    "group": {3006},
    "entity": {3004},
    "api": {6003},
    "resources": {2004, 3005, 6003},
    "file": {6006},
    "databucket": {6005},
    "http_request": {3001, 3002, 3004, 3005, 3006, 6003, 6005},
    "finding_info": {2004},
}
# No attributes of OCSF.
_OURS = ("ingest_seq", "event_uid", "activity_date")

_ACTIVITIES = """
select * from delivered.ocsf_activities
where ingest_seq between $first and $last and ($start is null or "time" >= epoch_ms($start::timestamp))
"""
_FINDINGS = """
select * from delivered.ocsf_findings
where event_uid in (select event_uid from raw.siem_findings where delivery_id = $number)
"""
BY_NUMBER = {True: "ingest_seq", False: "event_uid"}
BY_CLASS = 'class_uid, activity_date, "time", metadata.uid'


def read_events(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, settings: SiemSettings, *, by_class: bool = False
) -> pa.RecordBatchReader:
    """The events of a delivery in the order of their numbers, or by class, day and time."""
    is_activities = delivery.first is not None
    left_out = [
        name
        for name, is_wanted in (("raw_data", settings.has_raw_data), ("unmapped", settings.has_unmapped))
        if not is_wanted and (is_activities or name == "unmapped")
    ]
    query = _ACTIVITIES if is_activities else _FINDINGS
    order = BY_CLASS if by_class else BY_NUMBER[is_activities]
    columns = f"* exclude ({', '.join(left_out)})" if left_out else "*"
    values: dict[str, Any] = {"number": delivery.number}
    if is_activities:
        start = naive_utc(settings.start) if settings.start else None
        values = {"first": delivery.first, "last": delivery.last, "start": start}
    return connection.sql(f"select {columns} from ({query}) order by {order}", params=values).to_arrow_reader(
        READ_ROWS
    )


def class_columns(names: list[str], class_uid: int) -> list[str]:
    """Those of the columns that are attributes of a class."""
    everyones = {"actor", "src_endpoint"}
    return [
        name
        for name in names
        if name not in _OURS
        and (name not in everyones or class_uid != BASE_EVENT)
        and (name not in _OF_CLASSES or class_uid in _OF_CLASSES[name])
    ]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as JSON text: `core`, an object, and `extra`, what may be left out where it is too large.

    `number` is None for a finding; `time` is in milliseconds.
    """

    number: int | None
    time: int
    core: bytes
    extra: bytes

    @property
    def text(self) -> bytes:
        """The whole object."""
        return self.core[:-1] + self.extra + b"}"


def json_events(batch: pa.RecordBatch) -> Iterator[Event]:
    """The events of a batch, without null attributes."""
    for row in batch.to_pylist():
        unmapped, raw_data = row.pop("unmapped", None), row.pop("raw_data", None)
        core = orjson.dumps(_without_nulls({name: one for name, one in row.items() if name not in _OURS}))
        # What is already JSON is not parsed and serialized again.
        extra = b',"unmapped":' + unmapped.encode() if unmapped else b""
        if raw_data:
            extra += b',"raw_data":' + orjson.dumps(raw_data)
        yield Event(row.get("ingest_seq"), row["time"], core, extra)


def _without_nulls(value: Any) -> Any:
    """The value without null attributes, and without objects that have no others."""
    if isinstance(value, dict):
        kept = {name: _without_nulls(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one is not None and one != {}}
    if isinstance(value, list):
        return [_without_nulls(one) for one in value]
    return value
