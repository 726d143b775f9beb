"""Publishing into a real PostgreSQL server."""

from collections.abc import Callable
from datetime import UTC
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from dashboards.definitions import read_definitions
from orchestration.assets.project import project
from orchestration.publish.edition import read_edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import read_catalog
from orchestration.publish.postgres.publication import PostgresPublication, publish_postgres
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.warehouse.connection import open_warehouse
from tests.postgres import PASSWORD

Ask = Callable[..., list[tuple]]
AGAIN = "update raw.dbt_runs set build_id = 'again', is_full_refresh = true"


def publish(
    path: Path, url: SecretStr, *statements: str, published: PublishedSet | None = None
) -> PostgresPublication:
    published = published or restricted(read_catalog(project.manifest_path), path.parent / "published")
    with open_warehouse(path) as connection:
        for statement in statements:
            connection.execute(statement)
        return publish_postgres(connection, published, read_edition(connection, published), url)


def require_reader(url: SecretStr, role: str, allowed: str, refused: str) -> None:
    """Check what the role may and may not do."""
    with psycopg.connect(url.get_secret_value()) as connection:
        connection.execute(f"set role {role}")
        assert connection.execute(allowed).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(refused)


def test_every_dashboard_chart_query_runs(copy: Path, url: SecretStr, ask: Ask):
    publish(copy, url)
    definitions = read_definitions()
    for dashboard in definitions.dashboards:
        for chart in dashboard.charts:
            rows = ask(chart.query(definitions.datasets[chart.dataset]))
            # This warehouse has no directory to compare with.
            assert rows or chart.dataset in ("agreement", "differences"), f"{dashboard.slug}, {chart.name}"


def in_warehouse(path: Path, query: str) -> list[tuple]:
    with open_warehouse(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_tables_are_the_built_ones_and_are_replaced_atomically(copy: Path, url: SecretStr, ask: Ask):
    odd = """['a"b', 'c\\d', null, '', 'NULL', 'e,f{g}', 'h' || chr(10)]"""
    first = publish(
        copy, url, f"update marts.users set emails = {odd}, current_email = '' where user_id = (select "
        "min(user_id) from marts.users)", "update marts.users set current_email = 'nul' || chr(0) where user_id = "
        "(select max(user_id) from marts.users)",
    )  # fmt: skip
    assert first == PostgresPublication(written=True)
    for mart in read_catalog(project.manifest_path).marts:
        count = f"select count(*) from marts.{mart.name}"
        assert ask(count) == in_warehouse(copy, count), mart.name
    facts = "select user_id, emails, current_email, first_seen_at at time zone 'UTC' from marts.users order by 1"
    expected = in_warehouse(copy, facts.replace(" at time zone 'UTC'", ""))
    assert expected[0][2] == ""
    assert ask(facts) == [
        tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)
        for row in expected
    ]
    payloads = "select activity_id, payload, is_own_read, activity_date from marts.activities order by 1"
    assert sorted(ask(payloads)) == sorted(in_warehouse(copy, payloads))
    assert ask("select source, gap_count from marts._published") == [("compliance", 0)]

    assert publish(copy, url) == PostgresPublication(written=False)
    # A running query finishes on the old tables and blocks nobody.
    with psycopg.connect(url.get_secret_value()) as reader:
        [(before,)] = reader.execute("select count(*) from marts.users").fetchall()
        second = publish(copy, url, "delete from marts.users", AGAIN)
        assert second.written
        assert "still reads it" in second.warnings[0]
        assert ask("select count(*) from marts.users") == [(0,)]
    assert before > 0
    assert publish(copy, url) == PostgresPublication(written=False)
    assert ask("select nspname from pg_namespace where starts_with(nspname, 'marts')") == [("marts",)]


def test_keys_indexes_descriptions_and_the_reading_role(copy: Path, url: SecretStr, ask: Ask):
    publish(copy, url)
    keys = dict(
        ask(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where contype = 'p' and connamespace = 'marts'::regnamespace"
        )
    )
    assert keys["marts.activities"] == "PRIMARY KEY (activity_id)"
    assert keys["marts.key_lifecycle"] == "PRIMARY KEY (key_type, key_id)"
    assert {f"marts.{mart.name}" for mart in read_catalog(project.manifest_path).marts} <= set(keys)
    indexed = ask("select indexdef from pg_indexes where tablename = 'activities'")
    assert any("(occurred_at)" in definition for (definition,) in indexed)
    assert ask("select obj_description('marts.logins'::regclass)")[0][0].startswith("One row per sign-in attempt")
    assert ask("select count(*) from pg_attribute where attrelid = 'marts.logins'::regclass and attnum > 0 and "
               "col_description(attrelid, attnum) is null") == [(0,)]  # fmt: skip
    require_reader(
        url, "compliance_reader", "select count(*) from marts.activities", "delete from marts.activities"
    )


def test_times_have_a_zone_and_are_the_same_moments(copy: Path, url: SecretStr, ask: Ask):
    publish(copy, url)
    kinds = "select distinct data_type from information_schema.columns where table_schema = 'marts'"
    assert "timestamp without time zone" not in {kind for (kind,) in ask(kinds)}
    [(first,)] = in_warehouse(copy, "select min(occurred_at) from marts.activities")
    assert ask("select min(occurred_at) from marts.activities") == [(first.replace(tzinfo=UTC),)]


def test_lists_have_bridge_tables_and_what_refers_has_foreign_keys(copy: Path, url: SecretStr, ask: Ask):
    publish(copy, url)
    items = "unnest(emails) as email, generate_subscripts(emails, 1) as item_number"
    bridge = ask("select user_id, email, item_number from marts.users_emails order by 1, 3")
    assert bridge == in_warehouse(copy, f"select user_id, {items} from marts.users order by 1, 3")
    assert ask("select count(*) from marts.key_lifecycle_scopes")[0][0] > 0
    found = {
        (table, definition.removeprefix("FOREIGN KEY "))
        for table, definition in ask(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where contype = 'f' and connamespace = 'marts'::regnamespace"
        )
    }
    assert found >= {
        ("marts.activities", "(actor_user_id) REFERENCES marts.users(user_id)"),
        ("marts.activities", "(organization_uuid) REFERENCES marts.organizations(organization_uuid)"),
        ("marts.logins", "(activity_id) REFERENCES marts.activities(activity_id)"),
        ("marts.key_periods", "(key_type, key_id) REFERENCES marts.key_lifecycle(key_type, key_id)"),
        ("marts.users_emails", "(user_id) REFERENCES marts.users(user_id)"),
        ("marts.key_lifecycle_scopes", "(key_type, key_id) REFERENCES marts.key_lifecycle(key_type, key_id)"),
        ("marts.findings_evidence_activity_ids",
         "(evidence_activity_id) REFERENCES marts.activities(activity_id)"),
    }  # fmt: skip
    # One that does not hold is left out, and the next publication drops all of them with their tables.
    again = publish(copy, url, "update marts.logins set activity_id = 'gone' where activity_id = (select "
                    "min(activity_id) from marts.logins)", AGAIN)  # fmt: skip
    assert again == PostgresPublication(written=True)
    assert ask("select count(*) from pg_constraint where contype = 'f' and conrelid = 'marts.logins'::regclass "
               "and pg_get_constraintdef(oid) like '%(activity_id)%'") == [(0,)]  # fmt: skip


def test_grants_survive_the_next_publication(copy: Path, url: SecretStr, ask: Ask):
    publish(copy, url)
    for role in ("auditor", "board", "intern"):
        ask(f"do $$ begin create role {role}; exception when duplicate_object then null; end $$")
    ask("grant usage on schema marts to auditor, board, intern; grant select on marts.users to auditor; "
        "grant select (user_id, joined_at) on marts.users to intern; grant insert on marts.users to intern; "
        "grant select on marts.organizations to public")  # fmt: skip
    publish(copy, url, AGAIN)
    with psycopg.connect(url.get_secret_value(), autocommit=True) as connection:

        def can(role: str, statement: str) -> bool:
            connection.execute(f"set role {role}")
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                return False
            finally:
                connection.execute("reset role")
            return True

        assert can("auditor", "select count(*) from marts.users")
        assert not can("auditor", "select count(*) from marts.activities")
        assert can("board", "select count(*) from marts.organizations")
        assert can("intern", "select max(joined_at) from marts.users")
        assert not can("intern", "select max(current_email) from marts.users")
        # Rights to write are not for a copy that is replaced.
        assert not can("intern", "insert into marts.users (user_id) values ('x')")


def test_the_general_set_has_its_own_schema_and_role(copy: Path, url: SecretStr, ask: Ask):
    key = Pseudonyms(SecretStr("k" * 32))
    published = general(read_catalog(project.manifest_path), key, copy.parent / "general")
    publish(copy, url)
    assert publish(copy, url, published=published) == PostgresPublication(written=True)
    assert publish(copy, url, published=published) == PostgresPublication(written=False)
    [(user_id, email, emails)] = ask(
        "select user_id, current_email, emails from marts.users where cardinality(emails) > 0 limit 1"
    )
    hidden = f"select current_email, emails from marts_general.users where user_id = '{user_id}'"
    assert ask(hidden) == [(key.of(email), [key.of(one) for one in emails])]
    left_out = "select count(*) from information_schema.columns where column_name = 'payload' and table_schema = "
    # Of activities, and of what the directory holds.
    assert ask(f"{left_out}'marts'") == [(2,)]
    assert ask(f"{left_out}'marts_general'") == [(0,)]
    count = "select count(*) from {}.activities"
    require_reader(url, "compliance_general_reader", count.format("marts_general"), count.format("marts"))


def test_leftovers_are_dropped_and_foreign_schemas_are_kept(copy: Path, url: SecretStr, ask: Ask):
    ask("create schema marts_next_foreign")
    ask("create schema marts")
    with pytest.raises(PublicationError, match="a schema marts that this product did not make"):
        publish(copy, url)
    ask("drop schema marts")
    publish(copy, url)
    ask("create schema marts_next_killed; create table marts_next_killed.activities (a text)")
    ask("do $$ begin execute format('comment on schema marts_next_killed is %L', "
        "obj_description('marts'::regnamespace)); end $$")  # fmt: skip
    ask("create view public.mine as select count(*) as users from marts.users")
    assert "a view of yours is built on it" in publish(copy, url, AGAIN).warnings[0]
    names = [
        name for (name,) in ask("select nspname from pg_namespace where starts_with(nspname, 'marts') order by 1")
    ]
    assert names[0:2] == ["marts", "marts_next_foreign"]
    assert [name.startswith("marts_old_") for name in names[2:]] == [True]


def test_no_error_shows_the_password(copy: Path, url: SecretStr):
    text = url.get_secret_value()
    for wrong in (
        text.replace(PASSWORD, "wrong-password"),
        text.replace("host=", "host=/nowhere"),
        text.replace("@/", "@127.0.0.1:secret/"),
    ):
        with pytest.raises(PublicationError, match="Check PUBLISH_POSTGRES_URL") as error:
            publish(copy, SecretStr(wrong))
        assert PASSWORD not in str(error.value)
        assert "wrong-password" not in str(error.value)
        assert ":secret" not in str(error.value)


def test_ids_that_differ_in_unstorable_characters_stay_distinct(copy: Path, url: SecretStr, ask: Ask):
    ids = (
        "a\0b",
        "a\ufffdb",
        "a\ufffd\ufdd0b",
        "a\0\ufdd0b",
        "a\ufdd0b",
        "a\ufdd0\ufdd0b",
        "ab",
        "a\0\0b",
        "a\0\ufffdb",
    )
    with open_warehouse(copy) as connection:
        for one in ids:
            connection.execute(
                "insert into marts.users by name select * replace (? as user_id, [?, null] as emails) "
                "from marts.users limit 1", [one, one],
            )  # fmt: skip
    publish(copy, url)
    counted = ask(
        "select count(*), count(distinct user_id), count(distinct emails) from marts.users "
        "where starts_with(user_id, 'a') and length(user_id) < 8"
    )
    assert counted == [(len(ids),) * 3]
    assert ("a\ufffdb",) in ask("select user_id from marts.users")


@pytest.mark.parametrize("length", [2700, 100_000])
def test_a_value_of_any_length_can_be_indexed(copy: Path, url: SecretStr, ask: Ask, length: int):
    noise = "".join(sha256(str(number).encode()).hexdigest() for number in range(length // 64 + 1))[:length]
    with open_warehouse(copy) as connection:
        for mart in read_catalog(project.manifest_path).marts:
            texts = [one.name for one in mart.columns if one.data_type == "varchar" and one.name in
                     {mart.key, *mart.indexes}]  # fmt: skip
            if texts:
                values = ", ".join(f"'{noise}' as {name}" for name in texts)
                connection.execute(
                    f"insert into marts.{mart.name} by name select * replace ({values}) "
                    f"from marts.{mart.name} limit 1"
                )
    publish(copy, url)
    assert ask(f"select count(*) from marts.users where user_id = '{noise}'") == [(1,)]


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:pw@db.example/x", "postgresql://u:pw@db.example/x?sslmode=prefer", "postgresql://u:pw@10.0.0.1/x",
        "postgresql://u:pw@localhost,db.example/x", "postgresql://u:pw@/x?host=db.example&sslmode=disable",
        "postgresql://u:pw@localhost/x?hostaddr=10.0.0.1", "postgresql://u:pw@/x?service=far&sslmode=allow",
    ],
)  # fmt: skip
def test_nothing_goes_to_another_host_unencrypted(copy: Path, text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PGSSLMODE", raising=False)
    with pytest.raises(PublicationError, match="would cross the network unencrypted") as error:
        publish(copy, SecretStr(text))
    assert "pw" not in str(error.value)
    assert not (copy.parent / "published").exists()


def test_the_driver_s_environment_can_name_a_host(copy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGHOST", "db.example")
    with pytest.raises(PublicationError, match="would cross the network unencrypted"):
        publish(copy, SecretStr("postgresql://u:pw@/x"))
