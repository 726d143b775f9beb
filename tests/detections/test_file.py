"""`detections.toml`: what it may say, and the sentence on what it may not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.config.settings import ROOT
from orchestration.config.values import ConfigurationError
from orchestration.detections.file import Detections, read_detections

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def read(tmp_path: Path, text: str, now: datetime = NOW) -> Detections:
    file = tmp_path / "detections.toml"
    file.write_text(text, encoding="utf-8")
    return read_detections({"DETECTIONS": str(file)}, now)


def test_the_example_is_in_force():
    found = read_detections({"DETECTIONS": str(ROOT / "detections.example.toml")}, NOW)
    settings = {(one.rule_id, one.organization_uuid is None, one.setting): one.value for one in found.settings}
    assert settings[("first_seen_integration", True, "enabled")] == "false"
    assert settings[("mass_snapshot", False, "thresholds.minimum")] == "60"
    assert settings[("admin_role_given", True, "thresholds.admin_roles")].startswith('["workspace_admin"')
    assert {one.kind for one in found.allowlist} == {"person", "network", "user_agent"}


def test_without_a_file_nothing_is_changed():
    assert read_detections({"DETECTIONS": ""}) == Detections()


def test_an_entry_ends_with_its_day(tmp_path: Path):
    text = "[[allow]]\nperson='user_1'\nreason='x'\nexpires=2026-11-30\n"
    assert len(read(tmp_path, text).allowlist) == 1
    assert read(tmp_path, text, datetime(2026, 12, 1, tzinfo=UTC)) == Detections()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("203.0.113.7", "4:203.000.113.007", "4:203.000.113.007"),
        ("203.0.112.0/22", "4:203.000.112.000", "4:203.000.115.255"),
        (
            "2001:DB8::/33",
            "6:2001:0db8:0000:0000:0000:0000:0000:0000",
            "6:2001:0db8:7fff:ffff:ffff:ffff:ffff:ffff",
        ),
        ("::ffff:203.0.113.0/120", "4:203.000.113.000", "4:203.000.113.255"),
    ],
)
def test_networks_have_any_prefix_length(tmp_path: Path, text: str, first: str, last: str):
    [one] = read(tmp_path, f"[[allow]]\nnetwork='{text}'\nreason='x'\n").allowlist
    assert (one.first_address, one.last_address) == (first, last)


def test_a_user_agent_is_a_pattern(tmp_path: Path):
    [one] = read(tmp_path, "[[allow]]\nuser_agent='a_b/1%*'\nreason='x'\n").allowlist
    assert one.value == "a~_b/1~%%"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rules]", "rules is not known"),
        ("change = 1", "Begin each with"),
        ("[[change]]\nrule='mass_downloads'\nenabled=false\nreason='x'", "Did you mean mass_download?"),
        ("[[change]]\nrule='mass_download'\nenable=false\nreason='x'", "Did you mean enabled?"),
        ("[[change]]\nrule='mass_download'\nenabled='no'\nreason='x'", "Use true or false"),
        ("[[change]]\nrule='mass_download'\nenabled=false", "reason is missing"),
        ("[[change]]\nrule='mass_download'\nreason='x'", "it changes nothing"),
        ("[[change]]\nenabled=false\nreason='x'", "rule is missing"),
        ("[[change]]\nrule='mass_download'\nseverity='urgent'\nreason='x'", "Use critical, high, medium, low"),
        ("[[change]]\nrule='mass_download'\nthresholds={minimun=40}\nreason='x'", "Did you mean minimum?"),
        ("[[change]]\nrule='mass_download'\nthresholds={minimum=4}\nreason='x'", "a whole number, 15 or more"),
        ("[[change]]\nrule='mass_download'\nthresholds={minimum=40.5}\nreason='x'", "a whole number"),
        ("[[change]]\nrule='self_elevation'\nthresholds={admin_roles=['a']}\nreason='x'",
         "that of admin_role_given"),
        ("[[change]]\nrule='admin_role_given'\nthresholds={admin_roles='a'}\nreason='x'", "a list of texts"),
        ("[[change]]\nrule='admin_role_given'\norganization='o'\nthresholds={admin_roles=['a']}\nreason='x'",
         "the same for all organizations"),
        ("[[change]]\nrule='password_spraying'\norganization='o'\nenabled=false\nreason='x'",
         "are in no organization"),
        ("[[allow]]\nrule='impossible_travel'\norganization='o'\nperson='user_1'\nreason='x'",
         "are in no organization"),
        ("[[change]]\nworking_hours='8-18'\nreason='x'", "Mon-Fri 08:00-18:00"),
        ("[[change]]\ntime_zone='Berlin'\nreason='x'", "Europe/Berlin"),
        ("[[change]]\nrule='key_unused'\nenabled=false\nreason='x'\nexpires='soon'", "Use a date"),
        ("[[change]]\nrule=['key_unused', 'key_unused']\nenabled=false\nreason='x'", "set twice"),
        ("[[allow]]\nreason='x'", "it allows nothing"),
        ("[[allow]]\nperson='user_1'\nkey='apikey_1'\nreason='x'", "person and key"),
        ("[[allow]]\nperson='ada@corp.example'\nreason='x'", "Use the id"),
        ("[[allow]]\nnetwork='203.0.113.0/33'\nreason='x'", "2001:db8::/32"),
        ("[[allow]]\nperson=[]\nreason='x'", "a list of them"),
        ("[[allow]", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_value_is_one_sentence(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(ConfigurationError, match=sentence.replace("?", r"\?")) as raised:
        read(tmp_path, text)
    assert "\n" not in str(raised.value)
    assert "@" not in str(raised.value)
