"""Generates `docs/findings.md` and the macro with the list of detection rules.

A rule is one model with its `.yml`. The list is a macro because dbt needs the names of the models that another one
reads. `python -m orchestration.docs_pages.findings` writes both; a test fails if one is out of date.
"""

from __future__ import annotations

from typing import Any

import yaml

from orchestration.config.settings import ROOT

PAGE = ROOT / "docs" / "findings.md"
SEVERITIES = ("critical", "high", "medium", "low")
_PROJECT = ROOT / "dbt_project"
RULE_LIST = _PROJECT / "macros" / "detection_rules.sql"

_INTRODUCTION = """\
# Findings

`marts.findings` has one row per detection: what happened, how severe it is, whom and what it is about, and the
activities it rests on. Each rule is a small model in `dbt_project/models/detections/rules`; what this page says
about it is in its `.yml`, the thresholds are in `dbt_project.yml`. The page is generated:
`.venv/bin/python -m orchestration.docs_pages.findings`.

```sql
select occurred_at, severity, title, summary, actor_id from marts.findings
where is_supported and severity in ('critical', 'high') order by occurred_at desc
```

- A finding keeps its id: a hash of the rule, the subject and what it hangs on. A rebuild gives the same ids.
- A finding shows what the data of the last build says: late data can move its time and evidence. Where late data,
  another threshold or an allowlist takes away what it rested on, or the state it reports has ended, `is_supported`
  is false and the finding stays as it was first found.
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


def rules() -> list[dict[str, Any]]:
    """The detection metadata of each rule from its `.yml`, most severe first."""
    loaded = []
    for path in sorted((_PROJECT / "models" / "detections" / "rules").glob("*.yml")):
        [model] = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        loaded.append({"rule_id": model["name"], **model["config"]["meta"]["detection"]})
    return sorted(loaded, key=lambda rule: (SEVERITIES.index(rule["severity"]), rule["rule_id"]))


def page() -> str:
    """The whole page as Markdown."""
    settings = yaml.safe_load((_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    values = settings["vars"]["compliance"]
    all_rules = rules()
    overview = ["| rule | severity | technique |", "| --- | --- | --- |"] + [
        f"| [{rule['title']}](#{rule['rule_id']}) | {rule['severity']} | {rule['mitre_technique']} |"
        for rule in all_rules
    ]
    sections = [_section(rule, values) for rule in all_rules]
    return "\n".join([_INTRODUCTION, *overview, "", *sections])


def _section(rule: dict[str, Any], values: dict[str, Any]) -> str:
    thresholds = [f"`{name}` = {_shown(values[name])}" for name in rule["thresholds"]]
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


def rule_list() -> str:
    """The macro with the names of all rules."""
    names = "".join(f"        '{rule_id}',\n" for rule_id in sorted(rule["rule_id"] for rule in rules()))
    return (
        "{# Written by `python -m orchestration.docs_pages.findings`: one model each in `detections/rules`. #}\n"
        f"{{% macro rule_ids() -%}}\n    {{{{- return([\n{names}    ]) -}}}}\n{{%- endmacro %}}\n"
    )


def write() -> None:
    """Write the page and the macro."""
    PAGE.write_text(page(), encoding="utf-8")
    RULE_LIST.write_text(rule_list(), encoding="utf-8")


if __name__ == "__main__":
    write()
