"""The index of a pack: each file, what it shows, and the controls it is evidence for."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.audit_pack.parts import FRAMEWORKS, PARTS, part_of
from orchestration.markdown import code, instant, table

INDEX = "INDEX.md"


def as_markdown(period: str, facts: Sequence[tuple[str, Any]], counts: Mapping[str, int | None]) -> str:
    """The index over the files and how many rows each has."""
    files = [
        (
            code(name),
            part.title,
            "" if counts[name] is None else f"{counts[name]:,}",
            *(", ".join(part.controls.get(framework, ())) for framework in FRAMEWORKS),
        )
        for name in sorted(counts, key=lambda name: (_place(name), name))
        if (part := part_of(name))
    ]
    controls = sorted(
        {(framework, one) for part in PARTS for framework in part.controls for one in part.controls[framework]}
    )
    by_control = [
        (
            framework,
            control,
            ", ".join(code(part.name) for part in PARTS if control in part.controls.get(framework, ())),
        )
        for framework in FRAMEWORKS
        for (of, control) in controls
        if of == framework
    ]
    return "\n".join(
        [
            f"# Audit pack, {period}",
            "",
            *table(("", ""), facts),
            "",
            "## Files",
            "",
            *table(("file", "what it shows", "rows", *FRAMEWORKS), files),
            "",
            "## Controls",
            "",
            *table(("framework", "control", "evidence"), by_control),
            "",
            "The mapping says what a file is evidence for, not that a control is met: that is for the auditor to "
            "judge. Times are UTC. In CSV files an apostrophe precedes a text that a spreadsheet would take "
            "for a formula. The files name people: keep them as you keep the warehouse.",
            "",
            "`manifest.json` has the SHA-256 of every file, and `manifest.json.sig` signs it. To check all of it "
            "with the public key alone: `make verify-pack PACK=… PUBLIC_KEY=…`, or by hand `openssl pkeyutl "
            "-verify -pubin -inkey PUBLIC_KEY -rawin -in manifest.json -sigfile manifest.json.sig`, then compare "
            "each SHA-256.",
            "",
        ]
    )


def edition_facts(edition: Mapping[str, Any], written_at: Any) -> list[tuple[str, Any]]:
    """What the index says of where its tables come from."""
    since = edition["detail_since"]
    return [
        ("Tables published", instant(edition["published_at"])),
        ("Edition", code(edition["fingerprint"])),
        ("Details", f"from {since} on; older ones are not published" if since else "all that the log has"),
        ("Written", instant(written_at)),
    ]


def _place(name: str) -> int:
    part = part_of(name)
    return PARTS.index(part) if part else -1
