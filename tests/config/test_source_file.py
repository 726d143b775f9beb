"""The file of several sources: what it may say, and a sentence for everything else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.config.settings import ROOT, read_bounds
from orchestration.config.source_file import read_sources
from orchestration.config.sources import Source
from orchestration.config.values import ConfigurationError

KEYS = {"A_KEY": "sk-ant-api01-secret-a", "B_KEY": "sk-ant-admin01-secret-b"}
A = '[sources.a]\nkey_variable = "A_KEY"\n'
B = '[sources.b]\nkey_variable = "B_KEY"\n'


@pytest.fixture
def sources_of(tmp_path: Path):
    """The sources of a file with this text, in an environment with both keys."""

    def read(text: str, **environment: str) -> list[Source]:
        file = tmp_path / "sources.toml"
        file.write_text(text, encoding="utf-8")
        return read_sources(KEYS | environment | {"FEED_SOURCES": str(file)})

    return read


def test_each_table_is_a_source_with_its_own_key(sources_of):
    a, b = sources_of(A + B)
    assert (a.name, b.name) == ("a", "b")
    assert a.key.get_secret_value() == KEYS["A_KEY"]
    assert b.key.get_secret_value() == KEYS["B_KEY"]
    assert (a.url, a.page_size, a.budget, a.fault) == ("https://api.anthropic.com", 5000, None, None)


def test_the_environment_gives_the_defaults_and_the_file_wins(sources_of):
    a, b = sources_of(
        A + "page_size = 7\nsettle_seconds = 90\n" + B,
        FEED_PAGE_SIZE="9",
        FEED_START="2025-01-31",
        COMPLIANCE_API_URL="http://127.0.0.1:1",
    )
    assert (a.page_size, b.page_size) == (7, 9)
    assert (a.settle, b.settle) == (timedelta(seconds=90), timedelta(seconds=60))
    assert b.start == datetime(2025, 1, 31, tzinfo=UTC)
    assert b.url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "start", ["2025-01-31", '"2025-01-31"', "2025-01-31T00:00:00Z", "2025-01-31T01:00:00+01:00"]
)
def test_a_start_may_be_text_or_a_date_of_toml(sources_of, start: str):
    [a] = sources_of(A + f"start = {start}\n")
    assert a.start == datetime(2025, 1, 31, tzinfo=UTC)


def test_every_field_is_taken(sources_of):
    [a] = sources_of(
        A + 'url = "http://localhost:9/"\nstart = 2025-01-31\nsettle_seconds = 1\noverlap_minutes = 2\n'
        'requests_per_minute = 3\npage_size = 4\nconcurrency = 5\nbudget = "parent"\n'
    )
    assert (a.url, a.settle, a.overlap) == ("http://localhost:9", timedelta(seconds=1), timedelta(minutes=2))
    assert (a.requests_per_minute, a.page_size, a.concurrency, a.budget) == (3, 4, 5, "parent")


def test_a_key_may_stand_in_a_file(sources_of, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("sk-ant-api01-mounted\n")
    [a] = sources_of(A, A_KEY="", A_KEY_FILE=str(secret))
    assert a.key.get_secret_value() == "sk-ant-api01-mounted"
    [one] = read_sources({"FEED_SOURCES": "", "ANTHROPIC_ADMIN_KEY_FILE": str(secret)})
    assert (one.name, one.key.get_secret_value()) == ("admin", "sk-ant-api01-mounted")


@pytest.mark.parametrize(
    ("environment", "content", "sentence"),
    [
        ({"A_KEY": ""}, None, "sources.toml: source a: key_variable: A_KEY is not set. Set it, or A_KEY_FILE"),
        ({"A_KEY": "two words secret"}, None, "A_KEY holds characters that no key has"),
        ({"A_KEY": "", "A_KEY_FILE": "{file}"}, None, "A_KEY_FILE names .*cannot be read"),
        ({"A_KEY": "", "A_KEY_FILE": "{file}"}, b"\n", "A_KEY_FILE names .*empty"),
        ({"A_KEY": "", "A_KEY_FILE": "{file}"}, b"\xff", "A_KEY_FILE names .*not text"),
        ({"A_KEY": "", "A_KEY_FILE": "{file}"}, b"a secret", "named by A_KEY_FILE, holds characters"),
    ],
)
def test_a_key_that_is_missing_is_a_fault_of_its_source_alone(
    sources_of, tmp_path: Path, environment: dict[str, str], content: bytes | None, sentence: str
):
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    given = {name: value.format(file=file) for name, value in environment.items()}
    a, b = sources_of(A + B, **given)
    assert b.fault is None
    with pytest.raises(ConfigurationError, match=sentence):
        raise ConfigurationError(a.fault)
    assert "a secret" not in a.fault
    assert "words" not in a.fault


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "sources.toml names no source"),
        ("[sources]\n", "sources.toml names no source"),
        ("sources = 1\n", "sources.toml names no source"),
        ("[sources.a\n", "sources.toml is not valid TOML: .*line 1.*sources.example.toml"),
        (A + A, "sources.toml is not valid TOML: .*sources.*'a'.* twice"),
        ("[source.a]\n" + A, "sources.toml: 'source' is not known"),
        ("[sources]\na = 1\n", r"sources.toml: source a is 1. Make it a table \[sources.a\]"),
        (
            '[sources."A b"]\nkey_variable = "A_KEY"\n',
            "source 'A b': the name has to begin with a lower-case letter",
        ),
        ("[sources.a]\n", "sources.toml: source a: key_variable is missing"),
        ("[sources.a]\nkey_variable = 1\n", "source a: key_variable is not the name of an environment variable"),
        (
            '[sources.a]\nkey_variable = "sk-ant-api01-secret-a"\n',
            "source a: key_variable is not the name of an env",
        ),
        (A + "page_sizes = 1\n", "source a: page_sizes is not known. Did you mean page_size?"),
        (A + "colour = 1\n", "source a: colour is not known. Use budget, concurrency,"),
        (A + "page_size = 5001\n", "source a: page_size is 5001. Use a whole number, 1 to 5000."),
        (A + 'page_size = "500"\n', "source a: page_size is '500'. Use a whole number"),
        (A + "concurrency = true\n", "source a: concurrency is True. Use a whole number, 1 to 64."),
        (A + "concurrency = 0\n", "source a: concurrency is 0"),
        (
            A + "requests_per_minute = 1.5\n",
            "source a: requests_per_minute is 1.5. Use a whole number, 1 or more.",
        ),
        (A + "overlap_minutes = -1\n", "source a: overlap_minutes is -1"),
        (A + "settle_seconds = 10\n", "source a: settle_seconds is 10, but the public feed needs 60 or more"),
        (A + 'start = "last year"\n', "source a: start is 'last year', which is not a date or time"),
        (A + "start = 10:00:00\n", "source a: start is '10:00:00', which is not a date or time"),
        (A + "start = 2126-01-01\n", "source a: start is '2126-01-01', which is in the future"),
        (A + 'url = "http://feed.example"\n', "source a: url is 'http://feed.example': the key would cross"),
        (A + 'url = "feed.example"\n', "source a: url is 'feed.example', which is not a URL"),
        (A + "url = 1\n", "source a: url is 1. Use a text in quotes."),
        (A + 'url = "https://me:secret@feed.example"\n', "source a: url holds a user name or password"),
        (A + "budget = 1\n", "source a: budget is 1. Use a text in quotes."),
        (A + B.replace("B_KEY", "A_KEY"), "source b: key_variable is 'A_KEY' for the same url as in source a"),
        (
            A + 'budget = "x"\n' + B + 'budget = "x"\nrequests_per_minute = 5\n',
            "source b: requests_per_minute is 5, but 300 in source a, and they share the budget 'x'",
        ),
        (
            A + 'budget = "x"\n' + B + 'budget = "x"\nurl = "http://localhost:1"\n',
            "source b: budget 'x' is shared with source a, which is read from another host",
        ),
    ],
)
def test_a_wrong_entry_is_a_sentence_that_names_file_source_and_field(sources_of, text: str, sentence: str):
    with pytest.raises(ConfigurationError, match=sentence) as error:
        sources_of(text)
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_one_key_in_two_variables_is_refused_and_not_shown(sources_of):
    with pytest.raises(ConfigurationError, match="source b: the key in B_KEY is also that of source a") as error:
        sources_of(A + B, A_KEY="sk-ant-api01-secret", B_KEY=" sk-ant-api01-secret\n")
    assert "secret" not in str(error.value)
    other = 'url = "http://localhost:1"\n'
    assert len(sources_of(A + B + other, A_KEY="sk-ant-api01-secret", B_KEY="sk-ant-api01-secret")) == 2


def test_a_wrong_default_is_reported_by_the_name_of_its_variable(sources_of):
    with pytest.raises(ConfigurationError, match=r"^FEED_PAGE_SIZE is 'many'"):
        sources_of(A, FEED_PAGE_SIZE="many")


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"none\.toml cannot be read .*FEED_SOURCES"):
        read_sources(KEYS | {"FEED_SOURCES": str(tmp_path / "none.toml")})


def test_the_example_is_a_file_of_sources():
    sources = read_sources({"FEED_SOURCES": str(ROOT / "sources.example.toml"), "SUBSIDIARY_ADMIN_KEY": "sk"})
    assert {source.name: source.fault is None for source in sources} == {
        "parent": False, "console": False, "subsidiary": True
    }  # fmt: skip


def test_how_much_a_run_may_do():
    bounds = read_bounds({})
    assert (bounds.backfill_time, bounds.reconcile_every) == (timedelta(minutes=10), timedelta(days=90))
    assert (bounds.reconcile_days, bounds.reconcile_requests) == (7, 2000)
    for name in (
        "FEED_RUN_MINUTES", "FEED_RECONCILE_DAYS", "FEED_RECONCILE_REQUESTS", "FEED_RECONCILE_EVERY_DAYS"
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match=f"{name} is '0'. Use a whole number, 1"):
            read_bounds({name: "0"})
