"""Generates `docs/findings.md`, the macro of rules and thresholds, and the seed of their metadata.

A rule is one model with its `.yml`. The macro lists all rules, because dbt needs the names of the models that
another one reads, and their thresholds, because unit tests do not see the graph.
`python -m orchestration.docs_pages.findings` writes all of it; a test fails if something is out of date.
"""

import csv
import io
from dataclasses import asdict

from orchestration.config.settings import ROOT
from orchestration.detections.catalogue import Rule, Threshold, read_rules

PAGE = ROOT / "docs" / "findings.md"
_PROJECT = ROOT / "dbt_project"
RULE_LIST = _PROJECT / "macros" / "detection_rules.sql"
SEED = _PROJECT / "seeds" / "detection_rules.csv"
RULE_SETS = ROOT / "orchestration" / "docs_pages" / "rule_sets.csv"
_SEED_COLUMNS = ("rule_id", "title", "severity", "enabled", "mitre_technique", "mitre_technique_name")

_INTRODUCTION = """\
# Findings

`marts.findings` has one row per detection: what happened, how severe it is, whom and what it is about, and the
activities it rests on. Each rule is a small model in `dbt_project/models/detections/rules`; what this page says
about it, and the defaults of its thresholds, are in its `.yml`. The page is generated:
`.venv/bin/python -m orchestration.docs_pages.findings`.

```sql
select occurred_at, severity, title, summary, actor_id from marts.findings
where is_open and severity in ('critical', 'high') order by occurred_at desc
```

- A finding keeps its id in every rebuild: a hash of the rule, the subject and an anchor, such as an activity.
- A finding shows the data of the last build: late data can move its time and evidence. If late data, another
  threshold or an allowlist removes its basis, or the state it reports has ended, `is_supported` is false and the
  finding stays as first found.
- `found_at` is the build that first showed it, `occurred_at` when it happened. A late activity can bring an old
  finding; `where found_at > …` finds what is new.
- Volumes are counted over any 24 hours. The finding appears with the first activity over the threshold; its count
  may still grow.
- "Now" is the newest activity in the warehouse, not the clock.
- Rules about first appearances treat what appears in the first days of history as known.
- `detections.toml` (see `detections.example.toml`; another path: `DETECTIONS`) tunes rules without SQL: it
  switches one off, changes its severity or thresholds, and allows people, keys, networks and user agents, for
  all organizations or for some, each with a reason and an optional end. A change applies from the next build on.
  Findings about sign-ins, networks and keys that read name no organization: their rules cannot be tuned for one.
  All other thresholds can be set by organization, except the list of administrative roles and the days that
  `key_usage_above_baseline` looks back.
- `make triage` stores a decision, by whom and why: `FINDING="id id" STATUS=acknowledged BY=on-call WHY=…`
  (the first 8 characters of an id are enough), or `RULE=… SUBJECT=…` for all findings of a rule about a subject.
  `STATUS` is `acknowledged`, `false_positive`, `resolved`, `open`, or `muted` with `UNTIL=2027-01-31`; muting a
  rule and subject also applies to future findings. The job `triage` does the same in Dagster, builds and
  publishes. Decisions are never changed: the last one counts, and `raw.finding_decisions` has all of them.
- `is_open`: somebody still has to look at it, because it is supported, and `open` or `acknowledged`.
  `marts.finding_evidence` has its activities.
- After each build the check `no_new_severe_findings` on `marts/findings` warns of new, open and severe ones.
"""

_QUIET = """\
## How often they find something

In a made-up company of 540 people in which nothing bad happens (dual-stack offices and homes, VPN, telephones,
three time zones, leavers who sign out, a clean-up every quarter, an hour without the identity provider, keys
rotated, scripts of developers: `local_feed/history/benign_year.toml`), a year of 658,000 activities has these
findings. `python -m benchmarks.quiet_year` measures it again; a quarter of a smaller company is a test.

| | a week | in the year |
| --- | --- | --- |
| rules of version 0.3 | 69.3 | 3,603: 70 critical, 3,194 by `overlapping_networks`, 195 by `mass_deletion` |
| now | 2.3 | 117: none critical, 27 high |

Most of what is left is an administrator's act that somebody should know of, or the first time of something: 26
artifacts shared by link, 20 people's scripts, 11 new integrations, 10 new administrators, 8 exports of the audit
log, 8 keys of leavers.
"""
_COVERAGE = """\
## Coverage of public rule sets

Every scenario that we found for this feed in three public rule sets, with the rules that cover it: Elastic
(`rules/integrations/anthropic` of `elastic/detection-rules`), Panther (`rules/anthropic_rules` of
`panther-labs/panther-analysis`) and Datadog (the default rules whose pages begin with "Anthropic Compliance"), as
of October 2026. Where a rule finds less than the scenario, the remark says why.
"""


def page() -> str:
    """The whole page as Markdown."""
    rules = read_rules().values()
    overview = ["| rule | severity | technique |", "| --- | --- | --- |"] + [
        f"| [{rule.metadata['title']}](#{rule.rule_id}) | {rule.severity} | {rule.metadata['mitre_technique']} |"
        for rule in rules
    ]
    return "\n".join([_INTRODUCTION, *overview, "", _QUIET, *_coverage(), "", *map(_section, rules)])


def rule_sets() -> list[dict[str, str]]:
    """The scenarios of public rule sets for this feed, with the rules that cover each, or why none does."""
    with RULE_SETS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _coverage() -> list[str]:
    rows = [
        (
            row["rule_set"],
            row["scenario"],
            ", ".join(f"[{rule}](#{rule})" for rule in row["rules"].split()),
            row["reason"],
        )
        for row in rule_sets()
    ]
    return [_COVERAGE, "| rule set | scenario | rules | remark |", "| --- | --- | --- | --- |"] + [
        f"| {' | '.join(row)} |" for row in rows
    ]


def _section(rule: Rule) -> str:
    stated = rule.metadata
    thresholds = [_threshold(name, one) for name, one in rule.thresholds.items()]
    technique = f"{stated['mitre_technique']} {stated['mitre_technique_name']}"
    switched_off = "" if rule.is_enabled else " Off until `detections.toml` switches it on."
    everywhere = "" if rule.names_organization else " Its findings name no organization."
    lines = [
        f"## {rule.rule_id}",
        "",
        f"**{stated['title']}.** Severity {rule.severity}; MITRE ATT&CK {technique}.{switched_off}{everywhere}",
        "",
        f"{stated['meaning']}",
        "",
        f"- How to respond: {stated['response']}",
        f"- False positives: {stated['false_positives']}",
        f"- Tuning: {stated['tuning']}",
        *([f"- Thresholds: {', '.join(thresholds)}."] if thresholds else []),
        "",
    ]
    return "\n".join(lines)


def _threshold(name: str, threshold: Threshold) -> str:
    if threshold.of:
        return f"`{name}` as for `{threshold.of}`"
    value = threshold.default
    by = " (also by organization)" if threshold.by_organization else ""
    return f"`{name}` = {', '.join(value) if isinstance(value, tuple) else value}{by}"


def rule_list() -> str:
    """The macro with all rules and their thresholds."""
    rules = "".join(
        f"        '{rule_id}': {{\n{''.join(map(_stated, rule.thresholds.items()))}        }},\n"
        if rule.thresholds
        else f"        '{rule_id}': {{}},\n"
        for rule_id, rule in sorted(read_rules().items())
    )
    return (
        "{# Written by `python -m orchestration.docs_pages.findings`: the models in `detections/rules`, and the "
        "thresholds that\n   their `.yml` states. #}\n"
        f"{{% macro rule_thresholds() -%}}\n    {{{{- return({{\n{rules}    }}) -}}}}\n{{%- endmacro %}}\n"
    )


def _stated(item: tuple[str, Threshold]) -> str:
    name, threshold = item
    stated = {key: value for key, value in asdict(threshold).items() if value is not None and value is not False}
    return f"            '{name}': {stated},\n"


def seed() -> str:
    """The metadata of all rules as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_SEED_COLUMNS)
    for rule_id, rule in sorted(read_rules().items()):
        stated = {**rule.metadata, "rule_id": rule_id, "enabled": str(rule.is_enabled).lower()}
        writer.writerow(stated[column] for column in _SEED_COLUMNS)
    return text.getvalue()


def write() -> None:
    """Write the page, the macro and the seed."""
    PAGE.write_text(page(), encoding="utf-8")
    RULE_LIST.write_text(rule_list(), encoding="utf-8")
    SEED.write_text(seed(), encoding="utf-8")


if __name__ == "__main__":
    write()
