"""The page of an access review: one self-contained HTML file to read, print and sign.

Everything from the feed is escaped. The page has no scripts and loads nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.access_review.cells import (
    Row,
    change,
    code,
    comes_from,
    count_holders,
    given_by,
    html_table,
    line,
    opening,
    text,
    what,
    when,
    who,
    who_again,
)
from orchestration.markdown import instant

if TYPE_CHECKING:
    from orchestration.access_review.review import Review

CANNOT_KNOW = (
    "What was granted while logging was off: see the blind spots above.",
    "Who has a key now. The feed names who created it, and this review lists it under that person.",
    "Use for calling models: the feed shows only use of the Compliance and Admin APIs.",
    "Rights on a past day: what roles permit, and what each right comes from, is shown as of the edition.",
    "The email address or name of that day: people, groups and places are shown with the latest ones known.",
)
WITHOUT_DIRECTORY = (
    "Places and keys that are older than the log and have not changed since. They have no grant date, no grantor "
    "and often no row at all: an administrator from before the log shows here only as a person who acts, with the "
    "remark “membership not known”. Reading the directory would show them.",
    "What a custom role allows, and the names of people, groups, roles and workspaces: the directory has them.",
)
WITH_DIRECTORY = (
    "When and by whom access was given that is older than the log: the directory shows that it is held, no more.",
    "What no list holds: Admin keys, roles given to a person directly, roles on single resources, OAuth apps, "
    "service accounts. They rest on events alone.",
)

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def as_html(review: Review) -> str:
    """The whole page."""
    title = f"Access review, {review.on}"
    body = "\n".join(part for section in _SECTIONS for part in section(review))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(review: Review) -> Iterator[str]:
    edition = review.edition
    yield f"<h1>Access review, {review.on}</h1>"
    yield (
        f'<p class="quiet">Who held what at the end of {review.on} (UTC), and what changed since {review.since}. '
        f"From edition {code(str(edition['fingerprint'])[:12])}, published {instant(edition['published_at'])}. "
        f"The log begins {instant(edition['first_activity_at'])}.</p>"
    )
    through = edition["complete_through"]
    proven = f"The log is proven complete through {instant(through)}" if through else "Nothing is proven complete"
    if review.is_complete:
        yield f"<p>{proven}, without a gap up to {review.on}.</p>"
    else:
        yield (
            f'<p class="warn"><strong>Not complete for this date.</strong> {proven}; '
            f"{edition['incomplete_day_count']:,} day(s) up to {review.on} are not.</p>"
        )
    people = {row["holder_id"] for row in review.held if row["holder_type"] == "user"}
    numbers = {
        "people": len(people),
        "members": count_holders(row for row in review.held if row["holder_status"] == "member"),
        "grants held": len(review.held),
        "administrators": count_holders(review.remarked("administrator")),
        "leavers who still hold": count_holders(review.remarked("holder has left")),
        "members without activity": count_holders(review.remarked("no activity in 90 days")),
        "membership not known": count_holders(review.remarked("membership not known")),
    }
    yield (
        "<dl>"
        + "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in numbers.items())
        + "</dl>"
    )


def _population(review: Review) -> Iterator[str]:
    yield "<h2>How complete this population is</h2>"
    if not review.agreement:
        yield "<p>No directory is read, so everything here rests on the events of the log alone.</p>"
        return
    provable = review.provable
    proven = sum(row["is_proven"] for row in provable)
    share = f" ({proven / len(provable):.0%})" if provable else ""
    yield (
        f"<p>Of {len(review.held):,} grants held on this day, the directory could show {len(provable):,} that "
        f"last until this edition. Events alone and the directory agree on {proven:,} of them{share}; the rest "
        "have the remark “not proven” and are explained in <code>marts.state_differences</code>.</p>"
    )
    yield html_table(
        ("organization", "of what", "compared", "agree", "differ", "unexplained"),
        review.agreement,
        lambda row: (
            text(row["organization_name"]) or code(row["organization_uuid"]) or "several",
            escape(row["object_kind"].replace("_", " ")), f"{row['compared_count']:,}",
            f"{row['agreeing_count']:,} ({row['agreement_percent']:.0f} %)", f"{row['difference_count']:,}",
            f"{row['unexplained_count']:,}",
        ),
    )  # fmt: skip


def _rights(review: Review) -> Iterator[str]:
    """What each right comes from: one line per path, with what it permits and how many people it reaches."""
    paths: dict[tuple[str | None, str], tuple[set[str], set[str]]] = {}
    for row in review.rights:
        place = row["organization_name"] or row["organization_uuid"]
        people, permitted = paths.setdefault((place, comes_from(row)), (set(), set()))
        people.add(row["user_id"])
        on = " ".join(one for one in (row["resource_type"], row["resource_id"]) if one)
        permitted.update([f"{row['action'] or 'a role'} on {on}" if on else row["action"] or ""])
    yield f"<h2>What rights come from ({len(paths):,} paths)</h2>"
    yield (
        "<p class='quiet'>As of the edition: role in the organization, group and its roles, roles given directly, "
        "workspaces. Every person with every path is in the file that ends in <code>-rights.csv</code>.</p>"
    )
    yield html_table(
        ("organization", "comes from", "people", "permits"),
        [
            {"key": key, "people": people, "permits": permits}
            for key, (people, permits) in sorted(paths.items(), key=lambda item: (item[0][0] or "~", item[0][1]))
        ],
        lambda row: (
            text(row["key"][0]), row["key"][1], f"{len(row['people']):,}",
            escape(", ".join(sorted(filter(None, row["permits"])))) or "what the role includes",
        ),
    )  # fmt: skip


def _first_looks(review: Review) -> Iterator[str]:
    for title, remark, words in (
        ("Leavers who still hold a key or a place", "holder has left", "Their membership has ended."),
        ("Administrators", "administrator", "Of an organization or a workspace."),
        ("Members without activity in 90 days", "no activity in 90 days",
         "Loads by an app do not count; members who joined within those days are left out."),
        ("Active keys without use in 90 days", "no use seen in 90 days",
         "Keys whose use the feed shows; keys that only call models are not assessed."),
        ("People whose membership is not known", "membership not known",
         "They act, so they have access; no record says since when, or in which role."),
    ):  # fmt: skip
        rows = review.remarked(remark)
        yield f"<h2>{title} ({len(rows):,})</h2>\n<p class='quiet'>{words}</p>"
        yield html_table(("who", "what", "role or scopes", "given", "by", "last active or used"), rows, _short)


def _accounts(review: Review) -> Iterator[str]:
    rows = [row for row in review.held if row["holder_type"] == "service_account"]
    yield f"<h2>Service accounts, and what they hold ({len(rows):,})</h2>"
    yield html_table(("who", "what", "role or scopes", "given", "by", "last active or used"), rows, _short)


def _changes(review: Review) -> Iterator[str]:
    rows = [row for row in review.rows if row["change"] not in ("kept", "not known")]
    counts = Counter(row["change"] for row in rows)
    summary = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or "nothing"
    yield f"<h2>What changed since {review.since} ({len(rows):,})</h2>\n<p class='quiet'>{summary}.</p>"
    rows.sort(key=lambda row: row["ended_at"] or row["granted_at"] or datetime.min, reverse=True)
    yield html_table(
        ("who", "change", "what", "role or scopes", "before", "when", "by"),
        rows,
        lambda row: (
            who(row), change(row), what(row), text(row["role"]), text(row["previous_role"]),
            when(row["ended_at"] or row["granted_at"]), text(row["ended_by"]) or given_by(row),
        ),
    )  # fmt: skip


def _everybody(review: Review) -> Iterator[str]:
    yield f"<h2>Everything that was held ({len(review.held):,})</h2>"
    yield "<p class='quiet'>By holder; empty means that no record says so.</p>"
    yield opening(("who", "what", "role or scopes", "given", "by", "last used", "remarks"))
    for _, group in groupby(review.held, key=lambda row: (row["holder_type"], row["holder_id"])):
        for number, row in enumerate(group):
            active = f"<br>active {when(row['last_active_at'])}" if row["last_active_at"] else ""
            remarks = " ".join(f'<b class="remark">{escape(remark)}</b>' for remark in row["remarks"])
            cells = (
                who_again(row) if number else f"{who(row)}{active}", what(row), text(row["role"]),
                when(row["granted_at"]), given_by(row), when(row["last_used_at"]), remarks,
            )  # fmt: skip
            yield line(cells, "" if number else ' class="first"')
    yield "</tbody></table>"


def _limits(review: Review) -> Iterator[str]:
    yield "<h2>Blind spots: when logging was off</h2>"
    yield html_table(
        ("organization", "switch", "from", "to"),
        review.blind_spots,
        lambda spot: (
            text(spot["organization_name"]) or code(spot["organization_uuid"]), code(spot["switch"]),
            when(spot["began_at"]) or "before the log", when(spot["ended_at"]) or "still",
        ),
    )  # fmt: skip
    yield "<h2>What this review cannot know</h2>\n<ul>"
    more = WITH_DIRECTORY if review.agreement else WITHOUT_DIRECTORY
    yield from (f"<li>{sentence}</li>" for sentence in (*CANNOT_KNOW, *more))
    yield "</ul>"
    yield '<table class="sign"><thead><tr><th>reviewed by</th><th>on</th><th>signature</th></tr></thead>'
    yield "<tbody><tr><td></td><td></td><td></td></tr></tbody></table>"


_SECTIONS = (_head, _population, _first_looks, _accounts, _changes, _rights, _everybody, _limits)


def _short(row: Row) -> Sequence[str]:
    moment = row["last_used_at"] if row["is_key"] else row["last_active_at"]
    never = "never seen" if row["is_key"] or row["holder_type"] == "user" else ""
    return (
        who(row), what(row), text(row["role"]), when(row["granted_at"]), given_by(row),
        when(moment) or never,
    )  # fmt: skip
