"""Delivers what each sink does not have yet, in batches, as far as the tables of the last good build go.

The warehouse is open only while a batch is read and while it is acknowledged, never while waiting for a sink.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.archive.storage.store import Store, open_store
from orchestration.config.siem import FileSink, HttpSink, SiemSettings
from orchestration.deliver.siem.errors import DeliveryError
from orchestration.deliver.siem.events import Event, json_events, read_events
from orchestration.deliver.siem.files import stage
from orchestration.deliver.siem.http import SinkClient, SinkRetryPolicy, batches
from orchestration.deliver.siem.ledger import Amount, Delivery, acknowledge, plan
from orchestration.errors import ExplainedError
from orchestration.publish.edition import require_good_build
from orchestration.publish.marts import Catalog
from orchestration.warehouse.connection import open_warehouse

# Events of one delivery: a file of some 10 MB, or what is held in memory while it is sent.
FILE_EVENTS = 100_000
HTTP_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one sink got in one run. `error`: why it did not get all; None where it did."""

    sink: str
    amount: Amount
    error: str | None = None


def deliver(
    path: Path, settings: SiemSettings, catalog: Catalog, retry: SinkRetryPolicy | None = None
) -> list[Delivered]:
    """Deliver what is due from the warehouse at `path` to every sink. One that fails does not stop the others.

    The caller holds `warehouse.connection.warehouse_lock`.

    Raises:
        PublicationError: the tables are not of one good build.
        WarehouseError: the warehouse cannot be opened.
    """
    with open_warehouse(path) as connection:
        require_good_build(connection, catalog, "delivered")
    return [_to_sink(path, settings, sink, retry) for sink in settings.sinks]


def _to_sink(
    path: Path, settings: SiemSettings, sink: FileSink | HttpSink, retry: SinkRetryPolicy | None
) -> Delivered:
    total = Amount()
    try:
        amounts = (
            _as_files(path, settings, sink)
            if isinstance(sink, FileSink)
            else _as_requests(path, settings, sink, retry)
        )
        for amount in amounts:
            total += amount
    except ExplainedError as error:
        return Delivered(sink.name, total, str(error))
    return Delivered(sink.name, total)


def _as_files(path: Path, settings: SiemSettings, sink: FileSink) -> Iterator[Amount]:
    store: Store | None = None
    while True:
        with _staging(path) as directory:
            with open_warehouse(path) as connection:
                delivery = plan(connection, sink.name, FILE_EVENTS, settings.start)
                if delivery is None:
                    return
                reader = read_events(connection, delivery, settings, by_class=sink.form == "parquet")
                staged = stage(reader, delivery, sink, directory)
            store = store or open_store(sink.place, sink.endpoint, sink.store_region, setting="SIEM_PATH")
            store.put(staged.files)
        with open_warehouse(path) as connection:
            acknowledge(connection, delivery, staged.amount)
        yield staged.amount


def _as_requests(
    path: Path, settings: SiemSettings, sink: HttpSink, retry: SinkRetryPolicy | None
) -> Iterator[Amount]:
    with SinkClient(sink, retry) as client:
        while True:
            with open_warehouse(path) as connection:
                delivery = plan(connection, sink.name, HTTP_EVENTS, settings.start)
                if delivery is None:
                    return
                reader = read_events(connection, delivery, settings)
                events = [event for batch in reader for event in json_events(batch)]
            yield _send(path, client, delivery, events)


def _send(path: Path, client: SinkClient, delivery: Delivery, events: list[Event]) -> Amount:
    """Send the events of one delivery. Of activities, what was acknowledged before a failure counts."""
    sent, last = Amount(), None
    try:
        for batch in batches(events):
            sent += Amount(len(batch), 1, client.send(batch))
            last = batch[-1].number
    except DeliveryError:
        if last is not None:
            with open_warehouse(path) as connection:
                acknowledge(connection, delivery, sent, last)
        raise
    with open_warehouse(path) as connection:
        acknowledge(connection, delivery, sent)
    return sent


@contextmanager
def _staging(path: Path) -> Iterator[Path]:
    """An empty directory beside the warehouse at `path`, deleted afterwards."""
    directory = path.with_name(f"{path.name}.delivering")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
