"""Rules, their models, thresholds and the page agree; every type and field that a rule reads is documented."""

from __future__ import annotations

import json
import re

import yaml

from orchestration.config.settings import ROOT
from orchestration.docs_pages.findings import PAGE, RULE_LIST, SEVERITIES, page, rule_list, rules

DETECTIONS = ROOT / "dbt_project/models/detections"
RULES = {path.stem: path.read_text() for path in (DETECTIONS / "rules").glob("*.sql")}
DOCUMENTED = json.loads((ROOT / "local_feed/activity_types.json").read_text())
WORD = re.compile(r"'([a-z]+(?:_[a-z0-9]+)+)'")


def test_the_generated_files_are_current():
    again = "write it again: .venv/bin/python -m orchestration.docs_pages.findings"
    assert PAGE.read_text() == page(), again
    assert RULE_LIST.read_text() == rule_list(), again


def test_a_rule_is_a_model_and_its_description():
    assert sorted(RULES) == sorted(rule["rule_id"] for rule in rules())
    assert {path.stem for path in (DETECTIONS / "rules").glob("*.yml")} == set(RULES)
    assert len(RULES) >= 30


def test_every_rule_has_all_fields_for_an_analyst():
    for rule in rules():
        assert rule["severity"] in SEVERITIES, rule
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", rule["mitre_technique"]), rule
        for field in ("title", "mitre_technique_name", "meaning", "response", "false_positives", "tuning"):
            assert len(rule[field]) > 4, (rule["rule_id"], field)


def test_thresholds_are_the_vars_of_the_models():
    values = yaml.safe_load((ROOT / "dbt_project/dbt_project.yml").read_text())["vars"]["compliance"]
    macros = (ROOT / "dbt_project/macros/detections.sql").read_text()
    minimums = dict(re.findall(r"'(\w+)': var\('(\w+)'\)", macros))
    shared = {
        "ref('admin_grants')": {"admin_roles"},
        "access_type = 'membership'": {"removal_grace_minutes"},
        "access_type = 'key'": {"key_end_grace_minutes"},
        **{f"volume_rule('{kind}'": {name, "baseline_factor", "baseline_days"} for kind, name in minimums.items()},
    }
    for rule in rules():
        sql = RULES[rule["rule_id"]]
        used = set(re.findall(r"var\(['\"](\w+)['\"]\)", sql))
        used |= {name for words, names in shared.items() if words in sql for name in names}
        assert set(rule["thresholds"]) == used, rule["rule_id"]
    assert {name for rule in rules() for name in rule["thresholds"]} == set(values)


def test_every_type_and_field_that_rules_read_is_documented():
    extract = (DETECTIONS / "detection_activities.sql").read_text()
    kinds = WORD.findall(extract[extract.index("set activity_types") : extract.index("set object_fields")])
    assert set(kinds) <= set(DOCUMENTED)
    fields = {field for kind in kinds for field in DOCUMENTED[kind]["fields"]}
    objects = WORD.findall(extract[extract.index("set object_fields") : extract.index("with\n")])
    assert set(objects) | set(re.findall(r"json_\w+\('payload', '(\w+)'\)", extract)) <= fields | {"domain"}
    acts = (DETECTIONS / "detection_acts.sql").read_text()
    behaviours = acts[acts.index("set behaviours") : acts.index("with\n")]
    named = set(WORD.findall(behaviours)) - {"access_failure"}
    assert named <= set(DOCUMENTED)
    # Membership changes come from their mart. Any other type must be in the extract, or the rule never fires.
    for name, sql in RULES.items():
        assert {word for word in WORD.findall(sql) if word in DOCUMENTED} <= set(kinds), name
