"""Renders an attestation as Markdown for an auditor."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from orchestration.markdown import code, instant, plain, table

# More days than this are listed by month, more slices day by day; the JSON has each.
SHOWN_DAYS = 62
SHOWN_SLICES = 40
SHOWN_FAILURES = 20

_PROOFS = {
    "short_page": "The last page said that there is no more, and was not full.",
    "confirmed": "Every page was full; one more request found nothing.",
    "empty": "The feed had nothing in the slice and said so.",
}

Row = dict[str, Any]


def as_markdown(statement: Row) -> str:
    """The statement that `attestation.state` makes, in sections; the last is what it cannot know."""
    period = statement["period"]
    sections = [
        [f"# Activities of `{statement['source']}`, {period['first_date']} to {period['last_date']}"],
        _conclusion(statement),
        _facts(statement),
        ["## Organizations", *_organizations(statement["organizations"])],
        ["## Keys that read", *_keys(statement["keys"])],
        ["## Day by day", *_days(statement["days"])],
        ["## How each slice was proven complete", *_slices(statement)],
        ["## Gaps", *_gaps(statement)],
        ["## Extracts that failed, and what repaired them", *_failures(statement["failed_extracts"])],
        ["## Blind spots: when logging was switched off", *_blind_spots(statement)],
        ["## How far events and directory agree", *_agreement(statement)],
        ["## Removed on request", *_removals(statement["removals"])],
        ["## What this statement cannot know", *(f"- {sentence}" for sentence in statement["cannot_know"])],
    ]
    return "\n\n".join("\n".join(_spaced(section)) for section in sections) + "\n"


def _spaced(lines: Sequence[str]) -> list[str]:
    """A heading is followed by an empty line."""
    return [lines[0], "", *lines[1:]] if lines[0].startswith("#") and len(lines) > 1 else list(lines)


def _conclusion(statement: Row) -> list[str]:
    counts = statement["counts"]
    gap_count = len(statement["gaps"]) + len(statement["still_to_be_repeated"])
    text = (
        f"**Complete.** Every moment of the period (UTC) lies in a slice that was read to its end, and "
        f"{counts['activity_count']:,} activities are stored."
        if statement["is_complete"]
        else f"**Not complete.** {gap_count} interval(s) of the period (UTC) are not proven; "
        f"{counts['activity_count']:,} activities are stored."
    )
    if counts["removed_count"]:
        text += f" {counts['removed_count']:,} more were read, and have been removed on request since: see below."
    if statement["feed_host"] == "loopback":
        text += (
            " They were read from a local feed on the same machine, so they say nothing of a real organization."
        )
    return [text]


def _facts(statement: Row) -> list[str]:
    counts = statement["counts"]
    rows = [
        ("Read from", f"{statement['feed_host']}, by version {', '.join(statement['read_by_versions'])}"),
        ("Activities", f"{counts['activity_count']:,}, each stored byte for byte with its SHA-256"),
        ("Found late", f"{counts['late_count']:,}, in time that had been read before"),
        ("Revised", f"{counts['revision_count']:,} came again with other content; what was seen first stays"),
        (
            "Read in",
            f"{counts['slice_count']:,} complete slices, {counts['page_count']:,} pages, "
            f"{counts['request_count']:,} answered requests; {counts['failed_extract_count']:,} extracts failed",
        ),
        ("Sealed", f"{counts['sealed_day_count']} of {counts['day_count']} days"),
        ("Digest", f"`{statement['period_sha256']}`: SHA-256 over the days' hashes in order of date"),
        ("Warehouse", f"{statement['warehouse']['file']}, made {instant(statement['warehouse']['created_at'])}"),
        ("Written", f"{instant(statement['written_at'])} by {' '.join(statement['product'].values())}"),
    ]
    return table(("", ""), rows)


def _organizations(organizations: Sequence[Row]) -> list[str]:
    rows = [
        (plain(one["organization_name"] or ""), code(one["organization_uuid"]), f"{one['activity_count']:,}")
        for one in organizations
    ]
    return table(("organization", "UUID", "activities"), rows) if rows else ["None: there are no activities."]


def _keys(keys: Sequence[Row] | None) -> list[str]:
    """By the feed's own reports of reads, so that nothing rests on what the operator says."""
    if keys is None:
        return ["The tables are not built yet, so no key is known. Run `make refresh`, then attest again."]
    rows = [
        (
            code(one["key_id"]), plain(one["key_type"].replace("_", " ")),
            plain(", ".join(one["scopes"])) or "not stated in the log", f"{one['read_count']:,}",
        )
        for one in keys
    ]  # fmt: skip
    if not rows:
        return ["The feed reported none of these reads: its key may not see them."]
    return table(("key", "kind", "scopes", "reads that the feed reported"), rows)


def _days(days: Sequence[Row]) -> list[str]:
    if len(days) > SHOWN_DAYS:
        return _months(days)
    columns = ("date", "covered", "activities", "slices", "late", "revised", "last read", "seal")
    rows = [
        (
            day["date"], day["coverage"], f"{day['activity_count']:,}",
            day["extract_count"] - day["failed_extract_count"], day["late_count"], day["revision_count"],
            instant(day["last_read_at"]), _seal(day),
        )
        for day in days
    ]  # fmt: skip
    return [
        *table(columns, rows),
        "",
        "Seals are cut to 16 digits here; the JSON has all of each, and all versions.",
    ]


def _months(days: Sequence[Row]) -> list[str]:
    columns = ("month", "days covered", "days sealed", "activities", "slices", "late", "revised", "last seal")
    rows = []
    for month, found in groupby(days, key=lambda day: f"{day['date']:%Y-%m}"):
        part = list(found)
        rows.append(
            (
                month,
                f"{sum(day['coverage'] == 'complete' for day in part)} of {len(part)}",
                f"{sum(day['is_sealed'] for day in part)} of {len(part)}",
                f"{sum(day['activity_count'] for day in part):,}",
                sum(day["extract_count"] - day["failed_extract_count"] for day in part),
                sum(day["late_count"] for day in part),
                sum(day["revision_count"] for day in part),
                _seal(part[-1]),
            )
        )
    return [*table(columns, rows), "", "Listed by month; the JSON has every day and every seal in full."]


def _seal(day: Row) -> str:
    if not day["seals"]:
        return "not yet sealed"
    newest = day["seals"][-1]
    version = f" (version {newest['seal_version']}: {newest['reason']})" if newest["reason"] else ""
    return f"`{newest['seal_sha256'][:16]}`{version}" + (
        "" if day["is_sealed"] else ", which does not match what is stored now"
    )


def _slices(statement: Row) -> list[str]:
    by_proof = statement["counts"]["slices_by_proof"]
    lines = table(("slices", "proof"), [(f"{by_proof[proof]:,}", words) for proof, words in _PROOFS.items()])
    complete = [extract for extract in statement["slices"] if extract["status"] == "complete"]
    if not complete:
        return lines
    if len(complete) <= SHOWN_SLICES:
        columns = ("slice", "proof", "pages", "activities", "new", "last request-id")
        rows = [
            (
                _interval_of(extract), extract["proof"].replace("_", " "), extract["page_count"],
                f"{extract['received_count']:,}", f"{extract['inserted_count']:,}",
                code(extract["last_request_id"]),
            )
            for extract in complete
        ]  # fmt: skip
        lines += ["", *table(columns, rows)]
    lines += ["", "The JSON has each slice with its cursors and hashes. The first and the last in time:", ""]
    ends = (complete[0], complete[-1])
    names = ("first_cursor", "last_cursor", "first_request_id", "last_request_id", "content_sha256")
    rows = [(name, *(code(extract[name]) for extract in ends)) for name in names]
    return [*lines, *table(("", *(_interval_of(extract) for extract in ends)), rows)]


def _gaps(statement: Row) -> list[str]:
    lines = [f"- {instant(gap['start'])} to {instant(gap['end'])}: not covered." for gap in statement["gaps"]]
    lines += [
        f"- {instant(interval['start'])} to {instant(interval['end'])}: an extract failed and is due again. "
        f"{plain(interval['error'])}"
        for interval in statement["still_to_be_repeated"]
    ]
    return lines or ["None."]


def _failures(failed: Sequence[Row]) -> list[str]:
    rows = [
        (
            _interval_of(extract),
            plain(extract["error"] or "The extract did not end."),
            f"extract {extract['repeated_by']}" if extract["repeated_by"]
            else "several later extracts together" if extract["is_repaired"] else "**nothing yet**",
        )
        for extract in failed[:SHOWN_FAILURES]
    ]  # fmt: skip
    if not rows:
        return ["None."]
    more = len(failed) - len(rows)
    return [
        *table(("slice", "what happened", "repaired by"), rows),
        *(["", f"{more} more in the JSON."] if more else []),
    ]


def _blind_spots(statement: Row) -> list[str]:
    spots, remark = statement["blind_spots"], statement["blind_spots_remark"]
    if spots is None:
        return [remark]
    lines = [
        f"- Organization {plain(spot['organization'] or 'unknown')}, {code(spot['switch'])}: from "
        + _switched(spot["off_at"], spot["off_activity_id"], "an unknown time")
        + " to "
        + _switched(spot["on_at"], spot["on_activity_id"], "now: it is still off")
        + "."
        for spot in spots
    ] or ["None is reported."]
    return [*lines, *(["", remark] if remark else [])]


def _switched(at: Any, activity_id: str | None, otherwise: str) -> str:
    return f"{instant(at)} ({code(activity_id)})" if at else otherwise


def _agreement(statement: Row) -> list[str]:
    if statement["agreement_remark"]:
        return [statement["agreement_remark"]]
    rows = [
        (
            plain(row["organization_name"] or row["organization"] or "several"),
            row["object_kind"].replace("_", " "),
            f"{row['compared_count']:,}",
            f"{row['agreeing_count']:,} ({row['agreeing_count'] / row['compared_count']:.0%})",
            f"{row['unexplained_count']:,}",
        )
        for row in statement["agreement"]
    ]
    differences = statement["differences_by_explanation"]
    reasons = ", ".join(f"{count:,} {explanation}" for explanation, count in differences.items())
    return [
        "Members, keys and settings as events alone give them, compared with the newest complete walks of the "
        "directory, whatever the period:",
        "",
        *table(("organization", "of what", "compared", "agree", "unexplained"), rows),
        "",
        f"Differences by explanation: {reasons or 'none'}.",
    ]


def _removals(removals: Sequence[Row]) -> list[str]:
    return [
        f"- {instant(one['removed_at'])}, {one['kind']} {one['removal_id']}: {one['activity_count']:,} activities "
        f"and {one['revision_count']:,} revisions of {one['day_count']:,} day(s), by "
        f"{plain(one['requested_by'])}: {plain(one['reason'])}"
        for one in removals
    ] or ["Nothing."]


def _interval_of(extract: Row) -> str:
    return f"{instant(extract['slice_start'])} to {instant(extract['slice_end'])}"
