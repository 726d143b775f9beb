"""Attestation: a statement on how completely a period of a source was read, for auditors and for machines.

The same warehouse and period give the same bytes but for `written_at`. No payload, email or IP address is in it.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from orchestration import PRODUCT, __version__
from orchestration.attestation.facts import Facts, Row, list_sources, read_facts
from orchestration.attestation.statement import as_markdown
from orchestration.config.values import check_local
from orchestration.durable_files import write_durably
from orchestration.errors import ExplainedError
from orchestration.intervals import Interval, aware_utc
from orchestration.verification.untrusted import require_known_code
from orchestration.warehouse.connection import open_warehouse

# 2: blind spots by switch, with `off_at` null where the beginning is unknown, and a remark.
# 3: how far events and directory agree.
FORMAT_VERSION = 3
MAX_DAYS = 3660
DIRECTORY = "attestations"

CANNOT_KNOW = (
    "Activities that the feed never delivered. There is no second record of what happened to compare with: this "
    "states what was asked for and what was answered.",
    "Activities from before the Compliance API was enabled for an organization, or more than six years before "
    "they were read: the feed does not keep them.",
    "Activities while logging was switched off: nothing is recorded then. The blind spots are known only from the "
    "activities that report the switch.",
    "Activities that the feed indexed after the last extract of their day. Each day says when it was last read; a "
    "later extract would find them and seal the day again.",
    "Whether what the feed sent is true. Answers are authenticated by TLS to the named host and not signed: the "
    "hashes show that what is stored is what was received.",
    "Whether somebody rewrote the warehouse together with all its seals. Seals that were exported and kept "
    "elsewhere show that: `python -m orchestration verify --against FILE`.",
)

# Email, IPv4 and IPv6 (a time has fewer colons).
_ADDRESSES = re.compile(
    r"[^\s@<>\"']+@[^\s@<>\"']+|\b\d{1,3}(?:\.\d{1,3}){3}\b|(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}"
)


class AttestationError(ExplainedError):
    """The requested statement cannot be made; `str()` is one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of UTC, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def read_period(first: str | None, last: str | None) -> Period:
    """The period between two dates such as 2026-01-31; without both, the last complete month.

    Raises:
        AttestationError: they are not dates, or not a period.
    """
    if not first and not last:
        return last_month(datetime.now(UTC).date())
    try:
        period = Period(date.fromisoformat(first or ""), date.fromisoformat(last or ""))
    except ValueError:
        raise AttestationError(
            f"From {first or 'nothing'} to {last or 'nothing'} is not a period. Use two dates like 2026-01-31."
        ) from None
    if not 0 <= (period.last - period.first).days < MAX_DAYS:
        raise AttestationError(f"{period} is not a period of 1 to {MAX_DAYS} days. Give the first date first.")
    return period


def last_month(today: date) -> Period:
    """The last complete calendar month before `today`."""
    last = today.replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


@dataclass(frozen=True, slots=True)
class Attested:
    """A statement that was written, in two files."""

    source: str
    is_complete: bool
    activity_count: int
    markdown: Path
    json: Path


def attest(
    path: Path,
    period: Period,
    output: Path | None = None,
    source: str | None = None,
    written_at: datetime | None = None,
) -> list[Attested]:
    """Write a statement for each source (or the one) of the warehouse at `path`: Markdown and JSON.

    Without `output` they go into a directory beside the warehouse; `written_at` is now by default.

    Raises:
        AttestationError: there is no such source, or the files cannot be written.
        ConfigurationError: `output` is an address.
        WarehouseError: the warehouse cannot be read, or has code that the product did not put there.
    """
    check_local("output", output)
    require_known_code(path)
    with open_warehouse(path, read_only=True) as connection:
        known = list_sources(connection)
        names = [name for name in known if source in (None, name)]
        if not names:
            raise AttestationError(
                f"The warehouse has no source {source!r}. It has: {', '.join(known) or 'none yet'}."
                if source
                else "The warehouse has no source yet. Run `make refresh` first."
            )
        found = [(name, read_facts(connection, name, period.first, period.last)) for name in names]
    directory = output or path.parent / DIRECTORY
    written = written_at or datetime.now(UTC)
    return [_write(directory, state(name, period, facts, path, written)) for name, facts in found]


def state(source: str, period: Period, facts: Facts, path: Path, written_at: datetime) -> Row:
    """The whole statement, as the JSON file has it."""
    seals: dict[date, list[Row]] = {}
    for seal in facts.seals:
        seals.setdefault(seal["sealed_date"], []).append({k: v for k, v in seal.items() if k != "sealed_date"})
    slices = [extract | {"error": _without_addresses(extract["error"])} for extract in facts.extracts]
    failed = [extract for extract in slices if extract["status"] != "complete"]
    return {
        "statement": "How completely the activities of one source were read in one period",
        "format_version": FORMAT_VERSION,
        "source": source,
        "feed_host": facts.source["feed_host"],
        "read_by_versions": facts.source["product_versions"],
        "keys": facts.keys,
        "period": {"first_date": period.first, "last_date": period.last, "time_zone": "UTC"},
        "is_complete": not facts.gaps and not facts.still_open,
        "counts": _counts(facts),
        "organizations": facts.organizations,
        "period_sha256": hashlib.sha256("".join(day["day_sha256"] for day in facts.days).encode()).hexdigest(),
        "gaps": [_interval(gap) for gap in facts.gaps],
        "still_to_be_repeated": [
            _interval(interval) | {"error": _without_addresses(reason)}
            for interval, reason in facts.still_open.items()
        ],
        "failed_extracts": [_failure(extract, facts.still_open) for extract in failed],
        "blind_spots": facts.blind_spots,
        "blind_spots_remark": facts.blind_spots_remark,
        "removals": facts.removals,
        "agreement": facts.agreement.rows,
        "differences_by_explanation": facts.agreement.explanations,
        "agreement_remark": facts.agreement.remark,
        "cannot_know": CANNOT_KNOW,
        "days": [day | {"seals": seals.get(day["date"], [])} for day in facts.days],
        "slices": slices,
        "product": {"name": PRODUCT, "version": __version__},
        "warehouse": {"file": path.name, "created_at": facts.source["warehouse_created_at"]},
        "written_at": written_at.replace(microsecond=0),
    }


def _counts(facts: Facts) -> Row:
    def total(rows: Iterable[Row], column: str) -> int:
        return sum(row[column] for row in rows)

    complete = [extract for extract in facts.extracts if extract["status"] == "complete"]
    return {
        "activity_count": total(facts.days, "activity_count"),
        "late_count": total(facts.days, "late_count"),
        "revision_count": total(facts.days, "revision_count"),
        "removed_count": total(facts.removals, "activity_count"),
        "slice_count": len(complete),
        "failed_extract_count": len(facts.extracts) - len(complete),
        "page_count": total(facts.extracts, "page_count"),
        "request_count": total(facts.extracts, "request_count"),
        "day_count": len(facts.days),
        "sealed_day_count": sum(day["is_sealed"] for day in facts.days),
        "slices_by_proof": {
            proof: sum(extract["proof"] == proof for extract in complete)
            for proof in ("short_page", "confirmed", "empty")
        },
    }


def _failure(extract: Row, still_open: Iterable[Interval]) -> Row:
    start, end = aware_utc(extract["slice_start"]), aware_utc(extract["slice_end"])
    is_open = any(interval.start < end and interval.end > start for interval in still_open)
    columns = ("extract_id", "slice_start", "slice_end", "started_at", "error", "repeated_by")
    return {name: extract[name] for name in columns} | {"is_repaired": not is_open}


def _interval(interval: Interval) -> Row:
    return {"start": interval.start, "end": interval.end}


def _without_addresses(text: str | None) -> str | None:
    return text and _ADDRESSES.sub("(address)", text)


def _write(directory: Path, statement: dict[str, Any]) -> Attested:
    source = re.sub(r"[^\w.-]", "_", statement["source"])
    period = statement["period"]
    stem = f"attestation-{source}-{period['first_date']}-{period['last_date']}"
    options = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    written = Attested(
        source=statement["source"],
        is_complete=statement["is_complete"],
        activity_count=statement["counts"]["activity_count"],
        markdown=directory / f"{stem}.md",
        json=directory / f"{stem}.json",
    )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_durably(written.markdown, as_markdown(statement))
        write_durably(written.json, orjson.dumps(statement, option=options))
    except OSError as error:
        raise AttestationError(
            f"Cannot write to {directory}: {error.strerror}. Choose another directory."
        ) from None
    return written
