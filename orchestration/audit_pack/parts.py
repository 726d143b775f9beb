"""What is in a pack: each part with what it shows, the controls it is evidence for, and where rows come from."""

from dataclasses import dataclass

SOC_2, ISO, HIPAA, SOX = "SOC 2", "ISO/IEC 27001:2022, Annex A", "HIPAA", "SOX"
FRAMEWORKS = (SOC_2, ISO, HIPAA, SOX)
_AUDIT_CONTROLS = "164.312(b)"
_ACCESS_REVIEW = "user access reviews"
_IN_PERIOD = "occurred_at >= $since and occurred_at < $until"

Controls = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PackPart:
    """A part of the pack. `name`: its file, or how the names of its files begin.

    `query` reads its rows from the published marts between `$since` and `$until` (UTC); None for files that have
    makers of their own.
    """

    name: str
    title: str
    controls: Controls
    query: str | None = None


ATTESTATIONS = PackPart(
    "attestations/",
    "How completely the log was read: day by day, with gaps, failures, late records and seals",
    {SOC_2: ("CC7.2",), ISO: ("A.8.15", "A.8.16"), HIPAA: (_AUDIT_CONTROLS,)},
)
SEALS = PackPart(
    "seals.txt",
    "Every seal of the warehouse: a chained hash for each day, which shows later changes of the log",
    {SOC_2: ("CC7.1", "CC7.2"), ISO: ("A.5.28", "A.5.33", "A.8.15"), HIPAA: (_AUDIT_CONTROLS,)},
)
REVIEW = PackPart(
    "access-review",
    "Who held what at the end of the period, when and by whom it was given, and what changed in the period",
    {SOC_2: ("CC6.1", "CC6.2", "CC6.3"), ISO: ("A.5.15", "A.5.18", "A.8.2"), SOX: (_ACCESS_REVIEW,)},
)
PARTS = (
    ATTESTATIONS,
    SEALS,
    REVIEW,
    PackPart(
        "membership-changes.csv",
        "Who joined, left or changed roles in the period, where, and by whom",
        {SOC_2: ("CC6.2", "CC6.3"), ISO: ("A.5.16", "A.5.18"), SOX: (_ACCESS_REVIEW,)},
        f"from marts.membership_changes where {_IN_PERIOD}",
    ),
    PackPart(
        "keys.csv",
        "Every key that the log or the directory shows, as it is at the time of publication",
        {SOC_2: ("CC6.1",), ISO: ("A.5.17", "A.8.5"), SOX: (_ACCESS_REVIEW,)},
        "from marts.key_lifecycle where coalesce(first_seen_at < $until, true)",
    ),
    PackPart(
        "key-events.csv",
        "What happened to keys in the period: made, changed, ended, and by whom",
        {SOC_2: ("CC6.1", "CC6.3"), ISO: ("A.5.17", "A.8.5")},
        f"from marts.key_events where {_IN_PERIOD}",
    ),
    PackPart(
        "configuration-changes.csv",
        "Changes of settings in the period: what, from which value to which, and by whom",
        {SOC_2: ("CC6.6", "CC7.1"), ISO: ("A.8.9", "A.8.32")},
        f"from marts.configuration_changes where {_IN_PERIOD}",
    ),
    PackPart(
        "findings.csv",
        "Findings of the detection rules in the period, with their evidence and what became of each",
        {SOC_2: ("CC7.2", "CC7.3", "CC7.4"), ISO: ("A.5.25", "A.8.16"), HIPAA: (_AUDIT_CONTROLS,)},
        f"from marts.findings where {_IN_PERIOD}",
    ),
    PackPart(
        "blind-spots.csv",
        "When logging was switched off in the period, and by whom: nothing is recorded of that time",
        {SOC_2: ("CC7.2",), ISO: ("A.8.15",), HIPAA: (_AUDIT_CONTROLS,)},
        "from marts.blind_spots where coalesce(began_at < $until, true) and coalesce(ended_at >= $since, true)",
    ),
    PackPart(
        "differences.csv",
        "Where the log and the directory disagree at the time of publication, each with an explanation",
        {SOC_2: ("CC6.2", "CC6.3", "CC7.1"), ISO: ("A.5.18", "A.8.15"), SOX: (_ACCESS_REVIEW,)},
        "from marts.state_differences where coalesce(since < $until, true)",
    ),
)


def part_of(name: str) -> PackPart | None:
    """The part that a file of the pack belongs to; None for the index."""
    return next((part for part in PARTS if name.startswith(part.name)), None)
