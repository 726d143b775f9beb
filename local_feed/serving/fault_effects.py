"""What a fault does to an answer: its page, cursors, text and headers, and the history after it."""

import gzip
import json
import zlib

import msgspec

from local_feed.archive import read_record
from local_feed.instants import to_micros
from local_feed.serving.errors import Refusal, error_body
from local_feed.serving.faults import Fault
from local_feed.serving.queries import Query
from local_feed.timeline import FeedPage, Selection, Timeline

_PROXY_PAGE = b"<!doctype html><html><head><title>%d</title></head><body><h1>%s</h1></body></html>"


def replacement(fault: Fault) -> tuple[int, dict[str, str], bytes] | None:
    """Status, headers and body that replace the answer; None if the fault does not replace it."""
    headers = {"content-type": "application/json"}
    if fault.should_retry is not None:
        headers["x-should-retry"] = str(fault.should_retry).lower()
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after:g}"
    match fault.kind:
        case "error":
            status = fault.status or 500
            return status, headers, error_body(status, fault.message or "made to fail")
        case "rate_limited":
            return 429, headers, error_body(429, fault.message or "this request would exceed the rate limit")
        case "html":
            title = (fault.message or "proxy").encode()
            status = fault.status or 502
            return status, {"content-type": "text/html"}, _PROXY_PAGE % (status, title)
        case "body":
            return fault.status or 200, headers, fault.body.encode()
        case "bomb":
            return fault.status or 200, headers | {"content-encoding": "gzip"}, _bomb(fault.size)
    return None


def _bomb(size: int) -> bytes:
    """Gzipped blanks, a thousand times smaller than unpacked."""
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    blanks = b" " * 2**20
    pieces = [packing.compress(blanks[: min(len(blanks), size - done)]) for done in range(0, size, len(blanks))]
    return b"".join([*pieces, packing.flush()])


def wrap(fault: Fault, headers: dict[str, str], body: bytes) -> bytes:
    """The body as it is sent. Adds the fault's headers to `headers`."""
    headers |= fault.headers
    if fault.kind not in ("gzip", "gzip_cut", "gzip_members"):
        return body
    headers["content-encoding"] = "gzip"
    if fault.kind == "gzip_members":
        half = len(body) // 2
        return gzip.compress(body[:half]) + gzip.compress(body[half:])
    packed = gzip.compress(body)
    return packed if fault.kind == "gzip" else packed[: len(packed) // 2]


def refuse_cursor(fault: Fault) -> None:
    """Refuse a valid cursor, if the fault says so.

    Raises:
        Refusal: 400.
    """
    if fault.kind == "cursor_refused":
        raise Refusal(400, fault.message or "after_id: not a valid cursor")


def spoil_page(fault: Fault, query: Query, page: FeedPage, timeline: Timeline) -> FeedPage:
    """The page with too many, too few or no records, or with a wrong end."""
    match fault.kind:
        case "empty_page":
            return FeedPage([], page.first, page.last, has_more=True)
        case "ends_early":
            page.has_more = False
        case "duplicate_in_page" if page.rows:
            page.rows.append(_last_row(page))
        case "duplicate_across_pages" if query.after is not None:
            before = timeline.page(query.selection, 1, start=query.after, descending=not query.descending)
            here = timeline.page(query.selection, 1, start=before.last, descending=query.descending)
            page.rows[:0] = here.rows
        case "out_of_order":
            return FeedPage(page.backwards().rows, page.first, page.last, page.has_more)
        case "circle" if page.last is not None:
            return _in_turn(query, timeline)
        case "outside_range":
            page.rows += timeline.page(Selection(-(2**62), query.selection.low), 1).rows
    return page


def _in_turn(query: Query, timeline: Timeline) -> FeedPage:
    """The first page and the second one in turn, each under a cursor that was never given before."""
    turn = query.after[2] + 1 if query.after else 0
    page = timeline.page(query.selection, query.limit, descending=query.descending)
    if turn % 2:
        page = timeline.page(query.selection, query.limit, start=page.last, descending=query.descending)
    at, activity_id, _ = page.last
    return FeedPage(page.rows, page.first, (at, activity_id, turn), has_more=True)


def _last_row(page: FeedPage) -> "range | tuple[int, str, int]":
    last = page.rows[-1]
    return last[-1:] if isinstance(last, range) else last


def spoil_envelope(fault: Fault, sent_cursor: str | None, envelope: dict[str, object]) -> None:
    """Repeat the cursor that was sent, give another one, or leave out the next one. Also of the directory."""
    cursor = "next_page" if "next_page" in envelope else "last_id"
    given = {"same_cursor": sent_cursor, "given_cursor": fault.message, "no_cursor": None}
    if fault.kind in given:
        envelope |= {cursor: given[fault.kind], "has_more": True}


def spoil_text(fault: Fault, body: bytes) -> bytes:
    """Make the body invalid JSON or UTF-8, or repeat its records key with an empty list."""
    half = len(body) // 2
    match fault.kind:
        case "broken_json":
            return body[:half]
        case "data_twice":
            return body[:-1] + b',"data":[]}'
        case "invalid_utf8":
            quote = body.index(b'"', half)
            return body[: quote + 1] + b"\xff\xfe" + body[quote + 1 :]
    return body


def change_history(fault: Fault, page: FeedPage, timeline: Timeline, serial: int) -> None:
    """Change the history that was just read: an activity arrives late, or loses a field."""
    if fault.kind not in ("late_activity", "changed_record") or not page.rows:
        return
    run = page.rows[len(page.rows) // 2]
    record = timeline.at(run[len(run) // 2] if isinstance(run, range) else run)
    content = json.loads(record.text)
    if fault.kind == "changed_record":
        content.pop(fault.field, None)
        timeline.replace(record.activity_id, json.dumps(content).encode(), to_micros(content["created_at"]))
    else:
        content["id"] = f"activity_late{serial:019d}"
        timeline.add(read_record(msgspec.json.encode(content)))
