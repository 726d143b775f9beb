"""Addresses of alerts and the heartbeat: from the environment or a file, and never shown."""

from pathlib import Path

import pytest

from orchestration.config.alerts import heartbeat_url, read_alerts
from orchestration.config.values import ConfigurationError

SECRET = "T0PSECRET"


def test_addresses_come_from_a_file_or_the_environment(tmp_path: Path):
    file = tmp_path / "urls"
    file.write_text(f"# on call\njson://a/{SECRET}\n\nmailto://b?to=x@example.com,y@example.com\njson://c\n")
    settings = read_alerts({"ALERT_URLS_FILE": str(file)})
    assert settings
    assert list(settings.urls) == ["json 1", "mailto 1", "json 2"]
    assert settings.urls["mailto 1"].get_secret_value().endswith("x@example.com,y@example.com")
    assert settings.severities == ("critical", "high")
    assert SECRET not in repr(settings)
    assert read_alerts({}) is None
    lowest = read_alerts({"ALERT_URLS": "json://a", "ALERT_SEVERITY": "low"})
    assert lowest
    assert len(lowest.severities) == 4


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"ALERT_URLS": f"json://a {SECRET}"}, "number 2 is not an address"),
        ({"ALERT_URLS": "json://a", "ALERT_SEVERITY": "severe"}, "ALERT_SEVERITY is 'severe'. Use critical, high"),
        ({"ALERT_URLS": "json://a", "ALERT_DETAIL": "all"}, "ALERT_DETAIL is 'all'. Use ids or full."),
        ({"ALERT_URLS_FILE": "/nonexistent"}, "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(environment: dict[str, str], sentence: str):
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        read_alerts(environment)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("url", [f"http://example.com/{SECRET}", SECRET, f"ftp://example.com/{SECRET}"])
def test_a_heartbeat_goes_to_https_or_loopback(url: str):
    with pytest.raises(ConfigurationError, match="HEARTBEAT_URL is not an https address") as refused:
        heartbeat_url({"HEARTBEAT_URL": url})
    assert SECRET not in str(refused.value)
    for allowed in ("https://example.com/x", "http://127.0.0.1:8/x"):
        read = heartbeat_url({"HEARTBEAT_URL": allowed})
        assert read
        assert read.get_secret_value() == allowed
    assert heartbeat_url({}) is None
