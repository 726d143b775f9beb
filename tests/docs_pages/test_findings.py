"""Rules, their models, thresholds and the page agree; every type and field that a rule reads is documented."""

import json
import re

from orchestration.config.settings import ROOT
from orchestration.detections.catalogue import SEVERITIES, read_rules
from orchestration.docs_pages.findings import PAGE, RULE_LIST, SEED, page, rule_list, rule_sets, seed

DETECTIONS = ROOT / "dbt_project/models/detections"
RULES = {path.stem: path.read_text() for path in (DETECTIONS / "rules").glob("*.sql")}
DOCUMENTED = json.loads((ROOT / "local_feed/activity_types.json").read_text())
WORD = re.compile(r"'([a-z]+(?:_[a-z0-9]+)+)'")


def test_the_generated_files_are_current():
    again = "write it again: .venv/bin/python -m orchestration.docs_pages.findings"
    assert PAGE.read_text() == page(), again
    assert RULE_LIST.read_text() == rule_list(), again
    assert SEED.read_text() == seed(), again


def test_a_rule_is_a_model_and_its_description():
    assert sorted(RULES) == sorted(read_rules())
    assert {path.stem for path in (DETECTIONS / "rules").glob("*.yml")} == set(RULES)
    assert len(RULES) >= 30


def test_every_rule_has_all_fields_for_an_analyst():
    for rule_id, rule in read_rules().items():
        assert rule.severity in SEVERITIES, rule
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", rule.metadata["mitre_technique"]), rule
        for field in ("title", "mitre_technique_name", "meaning", "response", "false_positives", "tuning"):
            assert len(rule.metadata[field]) > 4, (rule_id, field)


def test_every_threshold_is_read_and_every_rule_states_what_it_reads():
    models = {path: path.read_text() for path in DETECTIONS.rglob("*.sql")}
    macros = "".join(path.read_text() for path in (ROOT / "dbt_project/macros").glob("detection*.sql"))
    read = {
        found
        for text in (*models.values(), macros)
        for found in re.findall(r"(?<!volume_)threshold\('(\w+)', '(\w+)'", text)
    }
    of_volumes = set(re.findall(r"threshold\(rule_id, '(\w+)'", macros))
    of_volumes |= {name for text in models.values() for name in re.findall(r"volume_threshold\('(\w+)'", text)}
    read |= {
        (rule, name)
        for sql in RULES.values()
        for rule in re.findall(r"volume_rule\('(\w+)'", sql)
        for name in of_volumes
    }
    stated = {(rule_id, name) for rule_id, rule in read_rules().items() for name in rule.thresholds}
    assert read <= stated
    shared = {(rule, name) for rule, name in stated if read_rules()[rule].thresholds[name].of}
    assert stated - shared <= read
    for rule, name in shared:
        assert (read_rules()[rule].thresholds[name].of, name) in stated - shared, rule


def test_no_growing_model_keeps_what_a_threshold_was():
    for path in DETECTIONS.glob("*.sql"):
        text = path.read_text()
        assert "incremental" not in text or not re.search(r"(?<!lowest_)threshold\(", text), path.name


def test_every_type_and_field_that_rules_read_is_documented():
    extract = (DETECTIONS / "detection_activities.sql").read_text()
    kinds = WORD.findall(extract[extract.index("set activity_types") : extract.index("set object_fields")])
    assert set(kinds) <= set(DOCUMENTED)
    fields = {field for kind in kinds for field in DOCUMENTED[kind]["fields"]}
    objects = WORD.findall(extract[extract.index("set object_fields") : extract.index("with\n")])
    assert set(objects) | set(re.findall(r"json_\w+\('payload', '(\w+)'\)", extract)) <= fields | {"domain"}
    acts = (DETECTIONS / "detection_acts.sql").read_text()
    behaviours = acts[acts.index("set behaviours") : acts.index("with\n")]
    named = set(WORD.findall(behaviours)) - set(re.findall(r"'(\w+)': \[", behaviours))
    assert named <= set(DOCUMENTED)
    # Membership changes come from their mart. Any other type must be in the extract, or the rule never fires.
    for name, sql in RULES.items():
        assert {word for word in WORD.findall(sql) if word in DOCUMENTED} <= set(kinds), name


def test_every_public_scenario_has_a_rule_or_a_reason():
    scenarios = rule_sets()
    counts = {
        name: sum(row["rule_set"] == name for row in scenarios) for name in ("Elastic", "Panther", "Datadog")
    }
    assert counts == {"Elastic": 33, "Panther": 17, "Datadog": 8}
    for row in scenarios:
        assert row["rules"] or row["reason"], row
        assert set(row["rules"].split()) <= set(read_rules()), row
