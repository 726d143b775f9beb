"""The local feed for tests: a real server in a background thread, with access to its records and faults."""

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from local_feed.directory import Directory
from local_feed.options import Options, RecordLike, build_directory, build_feed, place
from local_feed.serving.faults import Faults
from local_feed.serving.feed import Seen
from local_feed.serving.running import listen, server_for

# Generous, for a busy machine.
PATIENCE = 60.0


class LocalFeed:
    """A local Activity Feed during a `with` block.

    `LocalFeed(size=2000, seed=7)` serves a made-up history, `LocalFeed(records=[…])` exactly these records
    (mappings or bytes). Keyword arguments are the fields of `Options`.

    `key` sees all organizations, `admin_key` one, and activities that belong to none; `unscoped_key` lacks the
    scope that the feed requires; `directory_key` reads the feed and the whole directory.
    """

    def __init__(self, records: Iterable[RecordLike] | None = None, **options: Any) -> None:
        self.options = Options(**options)
        self.key, self.unscoped_key = self.options.key, self.options.unscoped_key
        self.admin_key, self.directory_key = self.options.admin_key, self.options.directory_key
        self._feed = build_feed(self.options, records)
        self._directory = build_directory(self.options, self._feed)
        self._server = server_for(self._feed, self.options.latency, self._directory)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._socket = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="local feed", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the local feed did not start")
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        if self._thread is not None:
            self._thread.join(PATIENCE)
        if self._socket is not None:
            self._socket.close()

    @property
    def directory(self) -> Directory:
        """The directory, to change it while it is served.

        Raises:
            ValueError: the feed has none.
        """
        if self._directory is None:
            raise ValueError("this feed has no directory: give it directory=True, or one of your own")
        return self._directory.directory

    @property
    def faults(self) -> Faults:
        """The queue of faults."""
        return self._feed.faults

    @property
    def requests(self) -> list[Seen]:
        """The requests answered so far, oldest first; those for the directory have another `path`."""
        return list(self._feed.requests)

    def add(self, record: RecordLike, *, at: str | None = None) -> str:
        """Add an activity now, at its position in time. Returns its id. Bytes are served unchanged.

        `at` (RFC 3339): the time of a record without a readable id or time, which gets the id "".
        """
        placed = place(record, at)
        self._feed.timeline.add(placed)
        return placed.activity_id

    def replace(self, activity_id: str, record: RecordLike) -> None:
        """Serve `activity_id` with this content from now on.

        Raises:
            KeyError: the feed has no activity with this id and time.
            ValueError: the record has another id.
        """
        placed = place(record)
        if placed.activity_id != activity_id:
            raise ValueError("a changed record keeps its id")
        self._feed.timeline.replace(activity_id, placed.text, placed.at)

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Id and exact bytes of all current records, newest first."""
        self._feed.arrivals.settle(round(self._feed.clock() * 1e6))
        for record in self._feed.timeline.records():
            yield record.activity_id, record.text

    @property
    def served(self) -> dict[str, bytes]:
        """The exact bytes of all current records, by id."""
        return dict(self.records())

    def __len__(self) -> int:
        return len(self._feed.timeline)
