"""`docs/findings.md`: a section for each detection rule, from the seed `detection_rules` and the thresholds of the
dbt project, so that the page says what the models do.

`python -m orchestration.docs_pages.findings` writes it; a test says when it is out of date.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

from orchestration.config.settings import ROOT

PAGE = ROOT / "docs" / "findings.md"
SEVERITIES = ("critical", "high", "medium", "low")
_PROJECT = ROOT / "dbt_project"

_INTRODUCTION = """\
# Findings

`marts.findings` has one row per detection: what happened, how severe it is, whom and what it is about, and the
activities it rests on. Each rule is a small model in `dbt_project/models/detections/rules`. This page is made from
the seed `detection_rules` and the thresholds in `dbt_project.yml` by
`.venv/bin/python -m orchestration.docs_pages.findings`.

```sql
select occurred_at, severity, title, summary, actor_id from marts.findings
where is_supported and severity in ('critical', 'high') order by occurred_at desc
```

- A finding keeps its id: a hash of the rule, the subject and what it hangs on. A rebuild gives the same ids.
- A finding stays as it was first told. Where late data, another threshold or an allowlist takes away what it
  rested on, or the state it tells of has ended, `is_supported` is false.
- `found_at` is the build that first showed it, `occurred_at` when it happened. A late activity can bring a finding
  of long ago; `where found_at > …` finds what is new.
- A count of a day is told when it first is too large: the day may have gone on.
- "Now" is the newest activity in the warehouse, not the clock.
- What appears in the first days of history is taken as known by rules about what is seen for the first time.
- Thresholds are vars of `dbt_project.yml`; allowlists are the seeds `allowed_key_makers.csv` and
  `allowed_networks.csv` in `dbt_project/seeds`. A change holds from the next build on.
- After each build the check `no_new_severe_findings` on `marts/findings` warns in Dagster of what is new and
  severe.
"""


def page() -> str:
    """The whole page as Markdown."""
    with (_PROJECT / "seeds" / "detection_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    settings = yaml.safe_load((_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    values = settings["vars"]["compliance"]
    rules.sort(key=lambda rule: (SEVERITIES.index(rule["severity"]), rule["rule_id"]))
    overview = ["| rule | severity | technique |", "| --- | --- | --- |"] + [
        f"| [{rule['title']}](#{rule['rule_id']}) | {rule['severity']} | {rule['mitre_technique']} |"
        for rule in rules
    ]
    sections = [_section(rule, values) for rule in rules]
    return "\n".join([_INTRODUCTION, *overview, "", *sections])


def _section(rule: dict[str, str], values: dict[str, Any]) -> str:
    thresholds = [f"`{name}` = {_shown(values[name])}" for name in rule["thresholds"].split()]
    technique = f"{rule['mitre_technique']} {rule['mitre_technique_name']}"
    lines = [
        f"## {rule['rule_id']}",
        "",
        f"**{rule['title']}.** Severity {rule['severity']}; MITRE ATT&CK {technique}.",
        "",
        f"{rule['meaning']}",
        "",
        f"- How to respond: {rule['response']}",
        f"- False positives: {rule['false_positives']}",
        f"- Tuning: {rule['tuning']}",
        *([f"- Thresholds: {', '.join(thresholds)}."] if thresholds else []),
        "",
    ]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def write(path: Path = PAGE) -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
