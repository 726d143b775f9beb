"""The general set names nobody, keeps relations between rows, and can be reversed only with the key."""

import hashlib
import hmac
import io
import json
import re
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from pydantic import SecretStr

from local_feed import LocalFeed
from local_feed.history.rendering import History
from orchestration.assets.project import project
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.marts import Mart, read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import general
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.conftest import PSEUDONYM_KEY
from tests.end_to_end.test_evidence import command
from tests.end_to_end.test_publishing import Built
from tests.rows import rows

# Fields of the feed's records with names, typed text and addresses of people.
TELLING = re.compile(r"email|name$|ip_address|filename")
NETWORK = re.compile(r"[0-9a-f.:]+/(?:24|48)\b")


@pytest.fixture
def directory(built: Built) -> Path:
    return built[0].parent / "published-general"


def pseudonym(value: str) -> str:
    """The pseudonym as docs/publishing.md defines it, without the product's code."""
    return "p_" + hmac.new(PSEUDONYM_KEY.encode(), value.lower().encode(), hashlib.sha256).hexdigest()[:32]


def publish(path: Path, directory: Path, key: str = PSEUDONYM_KEY) -> tuple[bool, tuple[int, int] | None]:
    published = general(read_catalog(project.manifest_path), Pseudonyms(SecretStr(key)), directory)
    with open_warehouse(path) as connection:
        edition = read_edition(connection, published)
        return publish_database(connection, published, edition), publish_parquet(connection, published, edition)


def personal_texts(value: Any, field: str = "") -> Iterator[str]:
    """Every text of a record in a field with personal data, and every email in any of its texts."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from personal_texts(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from personal_texts(part, field)
    elif isinstance(value, str):
        yield from re.findall(r"[\w.+'-]+@[\w.-]+", value)
        if TELLING.search(field):
            yield value


def everything(directory: Path) -> str:
    """Everything in the set, in lower case: each text of each table, in both formats, and each file's bytes."""
    found: set[str] = set()
    with duckdb.connect(str(directory / "compliance.duckdb"), read_only=True) as connection:
        tables = connection.execute("select 'marts.' || table_name from duckdb_tables()").fetchall()
        files = [f"'{path}'" for path in directory.rglob("*.parquet") if path.is_file()]
        for table in [name for (name,) in tables] + files:
            for row in connection.execute(f"select columns(*)::varchar from {table}").fetchall():
                found.update(text for text in row if text)
    texts = [text for text in found if not NETWORK.fullmatch(text)]
    contents = [path.read_bytes().decode("latin-1") for path in directory.rglob("*") if path.is_file()]
    return "\n".join(texts + contents).lower()


def test_no_personal_data_of_the_feed_is_in_the_general_set(built: Built, history: LocalFeed, directory: Path):
    secrets = {text.lower() for record in history.served.values() for text in personal_texts(json.loads(record))}
    chronicle = History(history.options.seed, history.options.size)
    assert chronicle.chronicle
    secrets |= {person.name.lower() for person in chronicle.cast.people.values()}
    # Shorter ones are words or parts of others; the first address of a network is in the network's name.
    secrets = {text for text in secrets if len(text) > 8 and not re.fullmatch(r"[0-9.]+\.0", text)}
    # The history happens to give a session the name of a role.
    secrets.discard("developer")
    hidden, shown = everything(directory), everything(built[0].parent / "published")
    assert len([text for text in secrets if text in shown]) > 150
    assert [text for text in secrets if text in hidden] == []


def test_no_value_of_a_labelled_column_is_in_the_general_set(copy: Path, tmp_path: Path):
    secret, address = "Zoe Verysecret <zoe@hidden.example>", "198.51.100.234"

    def stands_for(mart: Mart) -> str:
        texts = {"varchar[]": f"['{secret}', null]", "varchar": f"'{secret}'"}
        labelled = {one.name: texts[one.data_type] for one in mart.columns if one.pii}
        labelled |= {one.name: f"'{address}'" for one in mart.columns if one.pii == "ip"}
        labelled |= {one.name: "'198.51.100.0/24'" for one in mart.columns if one.name == "actor_network"}
        return ", ".join(f'"{name}" = {value}' for name, value in labelled.items())

    marts = read_catalog(project.manifest_path).marts
    with open_warehouse(copy) as connection:
        for mart in marts:
            if assignments := stands_for(mart):
                connection.execute(f"update marts.{mart.name} set {assignments}")
    publish(copy, tmp_path / "general")
    found = everything(tmp_path / "general")
    assert "verysecret" not in found
    assert "hidden.example" not in found
    assert address not in found
    assert pseudonym(secret) in found
    kept = rows(
        tmp_path / "general/compliance.duckdb",
        "select distinct emails, actor_ip_address from marts.users, marts.logins",
    )
    assert kept == [([pseudonym(secret), None], "198.51.100.0/24")]


def test_rows_still_join(built: Built, directory: Path):
    hidden, shown = directory / "compliance.duckdb", built[0].parent / "published/compliance.duckdb"
    for query in (
        "select count(*) from marts.activities",
        "select count(*), count(distinct lower(email)) from (select unnest(emails) as email from marts.users)",
        "select count(distinct lower(claimed_email)), count(distinct actor_user_agent) from marts.logins",
        "select count(*) from marts.logins as l join marts.users as u "
        "on lower(l.actor_email) = lower(u.current_email)",
        "select count(*), count(distinct m.principal_id) from marts.membership_changes as m join marts.users as u "
        "on m.principal_id = u.user_id",
        "select count(*) from marts.membership_changes where lower(principal_id) = lower(principal_email)",
        "select count(*) from marts.key_lifecycle as k join marts.key_events as e using (key_id, name)",
        "select count(*) from marts.current_members join marts.membership_periods using (membership_period_id)",
        "select count(*), count(distinct finding_id), count(distinct subject_id) from marts.findings",
        "select count(*), count(seal_sha256) from marts.feed_coverage",
    ):
        assert rows(hidden, query) == rows(shown, query), query
    [(user_id, email, emails)] = rows(
        shown, "select user_id, current_email, emails from marts.users where len(emails) > 1 limit 1"
    )
    assert rows(hidden, f"select current_email, emails from marts.users where user_id = '{user_id}'") == [
        (pseudonym(email), [pseudonym(one) for one in emails])
    ]


def test_left_out_columns_and_replacements_are_described(directory: Path):
    file = directory / "compliance.duckdb"
    marts = read_catalog(project.manifest_path).marts
    gone = {f"{mart.name}.{one.name}" for mart in marts for one in mart.columns if one.pii == "free_text"}
    there = {
        name
        for (name,) in rows(
            file, "select table_name || '.' || column_name from duckdb_columns() where schema_name = 'marts'"
        )
    }
    every = {f"{mart.name}.{column.name}" for mart in marts for column in mart.columns}
    assert every - there == gone
    [(comment,)] = rows(file, "select comment from duckdb_tables() where table_name = 'activities'")
    assert comment.endswith("Left out here: `payload`, `payload_sha256`.")
    [(comment,)] = rows(
        file, "select comment from duckdb_columns() where table_name = 'users' and column_name = 'current_email'"
    )
    assert comment.endswith("A pseudonym here.")
    documented = (Path(project.project_dir).parent / "docs/publishing.md").read_text()
    assert [name for name in gone if f"`{name}`" not in documented] == []


def test_another_key_gives_another_set_and_the_same_key_none(copy: Path, directory: Path, tmp_path: Path):
    directory = shutil.copytree(directory, tmp_path / "general", symlinks=True)
    ask = "select fingerprint, (select max(current_email) from marts.users) from marts._published"
    before = rows(directory / "compliance.duckdb", ask)
    assert publish(copy, directory) == (False, None)
    written, counts = publish(copy, directory, "another key of the same length, or so")
    assert written
    assert counts
    assert counts[1] == 0
    [(fingerprint, email)] = rows(directory / "compliance.duckdb", ask)
    assert fingerprint != before[0][0]
    assert email != before[0][1]


def test_an_error_does_not_show_the_key_even_with_its_local_variables(copy: Path, tmp_path: Path):
    with open_warehouse(copy) as connection:
        connection.execute("alter table marts.users alter emails type integer[] using [1]")
    with pytest.raises(TypeError) as raised:
        publish(copy, tmp_path / "general")
    trace = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    frames = [frame for frame in trace.stack if "orchestration" in Path(frame.filename).parts]
    assert {"prepare", "of", "publish_database"} <= {frame.name for frame in frames}
    assert PSEUDONYM_KEY not in str([(frame.line, frame.locals) for frame in frames]) + str(raised.value)
    assert [path.name for path in (tmp_path / "general").iterdir()] == [".lock"]


def test_all_spellings_of_an_email_have_one_pseudonym():
    keyed = Pseudonyms(SecretStr(PSEUDONYM_KEY))
    assert keyed.of(" Ada@Example.com ") == keyed.of("ada@example.com") == pseudonym("ada@example.com")
    assert keyed.of("Production") != keyed.of("production")
    assert PSEUDONYM_KEY not in repr(keyed) + keyed.key_mark


@pytest.fixture
def environment(built: Built, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("PSEUDONYM_KEY", PSEUDONYM_KEY)
    monkeypatch.setenv("PUBLISHED_PATH", str(built[0].parent / "published"))
    return monkeypatch


def test_a_pseudonym_is_reversed_with_the_key_and_the_restricted_set(
    built: Built, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shown = built[0].parent / "published/compliance.duckdb"
    [(claimed, name)] = rows(shown, "select (select min(claimed_email) from marts.logins), (select name from "
                             "marts.key_lifecycle where name like '%nightly%')")  # fmt: skip
    assert command(environment, built[0], "reveal", pseudonym(claimed)) == 0
    assert f"{pseudonym(claimed)}\t{claimed}\n" in capsys.readouterr().out
    exact = Pseudonyms(SecretStr(PSEUDONYM_KEY)).of(name)
    environment.setattr("sys.stdin", io.StringIO(f"{exact}\np_{'0' * 32} \x1b[31mred\n"))
    assert command(environment, built[0], "reveal") == 1
    output = capsys.readouterr()
    assert output.out == f"{exact}\t{name}\n"
    assert output.err.count("no value of the restricted set has this pseudonym under this key") == 2
    assert "\x1b" not in output.err


def test_without_a_published_set_the_warehouse_is_searched_and_without_a_key_nothing(
    built: Built, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    environment.setenv("PUBLISHED_PATH", str(tmp_path))
    [(email,)] = rows(built[0], "select max(current_email) from marts.users")
    assert command(environment, built[0], "reveal", pseudonym(email)) == 0
    assert email in capsys.readouterr().out
    (tmp_path / "compliance.duckdb").write_text("not a database")
    assert command(environment, built[0], "reveal", pseudonym(email)) == 1
    assert "Run `make refresh`, then try again." in capsys.readouterr().err
    environment.delenv("PSEUDONYM_KEY")
    assert command(environment, built[0], "reveal", pseudonym(email)) == 1
    assert "PSEUDONYM_KEY is not set." in capsys.readouterr().err


def test_the_run_reports_the_general_set(built: Built, directory: Path):
    for kind in ("database", "parquet"):
        [made] = built[1].asset_materializations_for_node(f"published__general_{kind}")
        assert made.metadata["outcome"].value == "Published."
    assert dg.AssetKey(["published", "general_postgres"]) not in {
        event.asset_key for event in built[1].get_asset_materialization_events()
    }
    assert rows(directory / "compliance.duckdb", "select count(*) from marts._published") == [(1,)]
