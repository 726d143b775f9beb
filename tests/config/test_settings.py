"""The environment: defaults, and a sentence for each value that makes no sense."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.config.settings import (
    ROOT,
    FeedSettings,
    Model,
    Settings,
    key_variable,
    pseudonym_key,
    published_since,
    read_bounds,
)
from orchestration.config.source_file import read_source
from orchestration.config.values import ConfigurationError

KEY = {"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "sk-ant-api01-secret"}


def test_a_key_is_enough():
    source = read_source(KEY)
    assert (source.url, source.settle, source.page_size) == (
        "https://api.anthropic.com",
        timedelta(seconds=60),
        5000,
    )
    assert source.start is None
    assert "secret" not in repr(source)


def test_the_documented_defaults_are_those_of_the_code():
    """`.env.example` shows every default, and dbt's profile has that of the file once more: Jinja cannot ask."""
    shown = dict(re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    feed = {name: value for name, value in shown.items() if name.startswith("FEED_") and name != "FEED_START"}
    assert len(feed) >= 9
    assert read_source(KEY | feed | {"COMPLIANCE_API_URL": shown["COMPLIANCE_API_URL"]}) == read_source(KEY)
    assert read_bounds(feed) == read_bounds({})
    shown_paths = {name: value for name, value in shown.items() if name.endswith("_PATH")}
    assert Settings.paths(shown_paths) == Settings.paths({})
    profile = (ROOT / "dbt_project" / "profiles.yml").read_text()
    [default] = re.findall(r"env_var\('WAREHOUSE_PATH', '(.*?)'\)", profile)
    assert (ROOT / "dbt_project" / default).resolve() == Settings.paths({}).warehouse_path
    [limit] = re.findall(r"env_var\('BUILD_MEMORY_LIMIT', ''\) or '(.*?)'", profile)
    assert limit == shown["BUILD_MEMORY_LIMIT"]


def test_each_kind_of_key_is_a_source_of_its_own():
    assert read_source(KEY).name == "compliance"
    assert read_source({"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-x\n"}).name == "admin"


def test_the_access_key_wins_over_the_admin_key():
    assert key_variable(KEY | {"ANTHROPIC_ADMIN_KEY": "b"}) == "ANTHROPIC_COMPLIANCE_ACCESS_KEY"
    assert (
        key_variable({"ANTHROPIC_COMPLIANCE_ACCESS_KEY": "", "ANTHROPIC_ADMIN_KEY": "b"}) == "ANTHROPIC_ADMIN_KEY"
    )


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "Set ANTHROPIC_COMPLIANCE_ACCESS_KEY or ANTHROPIC_ADMIN_KEY"),
        (KEY | {"FEED_PAGE_SIZE": "5001"}, "FEED_PAGE_SIZE is '5001'.*1 to 5000"),
        (KEY | {"FEED_PAGE_SIZE": "many"}, "FEED_PAGE_SIZE is 'many'"),
        (KEY | {"FEED_CONCURRENCY": "0"}, "FEED_CONCURRENCY"),
        (KEY | {"FEED_REQUESTS_PER_MINUTE": "-1"}, "FEED_REQUESTS_PER_MINUTE"),
        (KEY | {"FEED_OVERLAP_MINUTES": "1.5"}, "FEED_OVERLAP_MINUTES"),
        (KEY | {"FEED_START": "last year"}, "FEED_START is 'last year'"),
        (KEY | {"FEED_START": "2126-01-01"}, "in the future"),
        (KEY | {"FEED_START": "0001-01-01T00:00:00+14:00"}, "FEED_START"),
        (
            KEY | {"FEED_SETTLE_SECONDS": "10", "COMPLIANCE_API_URL": "https://API.anthropic.com:443/"},
            "60 or more",
        ),
        (KEY | {"FEED_OVERLAP_MINUTES": "99999999999"}, "FEED_OVERLAP_MINUTES"),
        ({"ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-\u2026secret"}, "ANTHROPIC_ADMIN_KEY holds characters"),
        (KEY | {"COMPLIANCE_API_URL": "https://me:secret@feed.example"}, "user name or password"),
        (KEY | {"FEED_SETTLE_SECONDS": "10"}, "FEED_SETTLE_SECONDS is 10.*60 or more"),
        (KEY | {"COMPLIANCE_API_URL": "api.anthropic.com"}, "COMPLIANCE_API_URL"),
        (KEY | {"COMPLIANCE_API_URL": "http://feed.example"}, "unencrypted"),
    ],
)
def test_a_value_that_makes_no_sense_is_reported(environment: dict[str, str], sentence: str):
    with pytest.raises(ConfigurationError, match=sentence) as error:
        read_source(environment)
    assert "secret" not in str(error.value)


def test_a_local_feed_may_settle_at_once():
    source = read_source(KEY | {"COMPLIANCE_API_URL": "http://127.0.0.1:9/", "FEED_SETTLE_SECONDS": "0"})
    assert source.settle == timedelta(0)
    assert source.host == "loopback"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31T10:00:00+02:00", datetime(2025, 1, 31, 8, tzinfo=UTC)),
        ("2025-01-31T10:00:00Z", datetime(2025, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_the_start_is_a_moment_in_utc(text: str, start: datetime):
    assert read_source(KEY | {"FEED_START": text}).start == start


def test_a_relative_path_is_taken_from_the_checkout():
    assert Settings.paths({"WAREHOUSE_PATH": "x/y.duckdb"}).warehouse_path == ROOT / "x/y.duckdb"
    assert Settings.paths({"WAREHOUSE_PATH": "/x/y.duckdb"}).warehouse_path.is_absolute()


def test_the_general_set_lies_beside_the_other_under_a_key_of_some_length(tmp_path: Path):
    assert Settings.paths({}).published_general_path == ROOT / "published-general"
    beside = {"PUBLISHED_PATH": "/x/p", "PUBLISHED_GENERAL_PATH": ""}
    assert Settings.paths(beside).published_general_path == Path("/x/p-general")
    assert Settings.paths({"PUBLISHED_GENERAL_PATH": "open"}).published_general_path == ROOT / "open"
    assert pseudonym_key({"PSEUDONYM_KEY": " "}) is None
    (tmp_path / "key").write_text("secret-" * 5 + "\n")
    read = pseudonym_key({"PSEUDONYM_KEY_FILE": str(tmp_path / "key")})
    assert read
    assert read.get_secret_value() == "secret-" * 5
    for wrong in ({"PSEUDONYM_KEY": "secret"}, {"PSEUDONYM_KEY": "secret \x00" * 9},
                  {"PSEUDONYM_KEY_FILE": str(tmp_path / "none")}):  # fmt: skip
        with pytest.raises(ConfigurationError, match="PSEUDONYM_KEY") as error:
            pseudonym_key(wrong)
        assert "secret" not in str(error.value)


def test_from_when_on_details_are_published():
    today = date(2026, 3, 1)
    assert published_since({"PUBLISHED_DAYS": ""}, today) is None
    assert published_since({"PUBLISHED_DAYS": "1"}, today) == date(2026, 2, 28)
    for wrong in ("0", "-1", "a year", "9999999999"):
        with pytest.raises(ConfigurationError, match=r"PUBLISHED_DAYS is .* 1 to 2196"):
            published_since({"PUBLISHED_DAYS": wrong}, today)


def test_where_is_published():
    assert Settings.paths({}).published_path == ROOT / "published"
    assert Settings.paths({"PUBLISHED_PATH": "/x"}).published_path.is_absolute()
    assert Settings.read({"PUBLISH_POSTGRES_URL": ""}).publish_postgres_url is None
    url = Settings.read({"PUBLISH_POSTGRES_URL": "postgresql://me:secret@db/compliance"}).publish_postgres_url
    assert url
    assert "secret" not in repr(url)
    with pytest.raises(ConfigurationError, match="not a URL of PostgreSQL") as error:
        Settings.read({"PUBLISH_POSTGRES_URL": "mysql://me:secret@db/compliance"})
    assert "secret" not in str(error.value)


def test_records_are_kept_for_good_unless_somebody_says_for_how_long():
    assert Settings.read({}).raw_days is None
    assert Settings.read({"RAW_DAYS": "400"}).raw_days == 400
    for nonsense in ("30", "a year", "0"):
        with pytest.raises(ConfigurationError, match=r"RAW_DAYS is .*31 or more"):
            Settings.read({"RAW_DAYS": nonsense}, "raw_days")


def test_a_wrong_value_fails_only_those_who_read_it():
    wrong = {"RAW_DAYS": "1", "PUBLISH_POSTGRES_URL": "mysql://db", "PUBLISHED_GROUP": "no such group"}
    assert Settings.paths(wrong).warehouse_path == ROOT / "data/compliance.duckdb"


@pytest.mark.parametrize("model", [Settings, FeedSettings])
def test_every_setting_is_described_and_in_the_table(model: type[Model]):
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name, field in model.model_fields.items():
        variable, default = model.variable(name), field.get_default()
        assert field.description, name
        [row] = [line for line in page.splitlines() if line.startswith("|") and f"`{variable}`" in line]
        if isinstance(default, int):
            assert f"| {str(default).lower()} |" in row, row
