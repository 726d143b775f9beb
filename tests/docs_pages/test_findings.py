"""The rules as data: seed, models, thresholds and page agree, and every type that they name is documented."""

from __future__ import annotations

import csv
import json
import re

import yaml

from orchestration.config.settings import ROOT
from orchestration.docs_pages.findings import PAGE, SEVERITIES, page

DETECTIONS = ROOT / "dbt_project/models/detections"
RULES = {path.stem: path.read_text() for path in (DETECTIONS / "rules").glob("*.sql")}
DOCUMENTED = json.loads((ROOT / "local_feed/activity_types.json").read_text())
WORD = re.compile(r"'([a-z]+(?:_[a-z0-9]+)+)'")


def seed() -> list[dict[str, str]]:
    with (ROOT / "dbt_project/seeds/detection_rules.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_says_what_the_seed_and_the_thresholds_say():
    assert PAGE.read_text() == page(), "write it again: .venv/bin/python -m orchestration.docs_pages.findings"


def test_seed_models_and_union_are_the_same_rules():
    union = (DETECTIONS / "findings_today.sql").read_text()
    listed = re.findall(r"^    '([a-z_]+)',$", union, re.MULTILINE)
    assert sorted(listed) == sorted(RULES) == [rule["rule_id"] for rule in seed()]
    assert all(rule["model_name"] == rule["rule_id"] for rule in seed())
    assert len(RULES) >= 30


def test_every_rule_says_all_that_an_analyst_needs():
    for rule in seed():
        assert rule["severity"] in SEVERITIES, rule
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", rule["mitre_technique"]), rule
        for field in ("title", "mitre_technique_name", "meaning", "response", "false_positives", "tuning"):
            assert len(rule[field]) > 4, (rule["rule_id"], field)


def test_thresholds_are_the_vars_that_the_models_use():
    values = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text())["vars"]["compliance"]
    shared = {"detection_volumes": {"baseline_days"}, "admin_grants": {"admin_roles"}}
    for rule in seed():
        sql = RULES[rule["rule_id"]]
        used = set(re.findall(r"var\(['\"](\w+)['\"]\)", sql))
        used |= {name for model, names in shared.items() if f"ref('{model}')" in sql for name in names}
        assert set(rule["thresholds"].split()) == used, rule["rule_id"]
    assert {name for rule in seed() for name in rule["thresholds"].split()} == set(values)


def test_every_type_and_field_that_rules_read_is_documented():
    extract = (DETECTIONS / "detection_activities.sql").read_text()
    kinds = WORD.findall(extract[extract.index("set activity_types") : extract.index("set object_fields")])
    assert set(kinds) <= set(DOCUMENTED)
    fields = {field for kind in kinds for field in DOCUMENTED[kind]["fields"]}
    objects = WORD.findall(extract[extract.index("set object_fields") : extract.index("with\n")])
    assert set(objects) | set(re.findall(r"json_\w+\('payload', '(\w+)'\)", extract)) <= fields | {"domain"}
    counts = (DETECTIONS / "detection_counts.sql").read_text()
    behaviours = counts[counts.index("set behaviours") : counts.index("with\n")]
    named = set(WORD.findall(behaviours)) - {"access_failure"}
    assert named <= set(DOCUMENTED)
    # Changes of membership come from their mart; what else a rule names must be in the extract, or it never fires.
    for name, sql in RULES.items():
        assert {word for word in WORD.findall(sql) if word in DOCUMENTED} <= set(kinds), name
