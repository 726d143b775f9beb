"""Every row of a mart is published exactly once, whatever replaces its values; otherwise nothing is published."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.assets.project import project
from orchestration.publish.duckdb_file import publish_database
from orchestration.publish.edition import read_edition
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import read_catalog
from orchestration.publish.parquet import publish_parquet
from orchestration.publish.postgres.publication import publish_postgres
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import PublishedSet, general, restricted
from orchestration.warehouse.connection import open_warehouse
from tests.end_to_end.test_publishing import change
from tests.rows import rows

Ask = Callable[..., list[tuple]]


def general_set(path: Path) -> PublishedSet:
    return general(
        read_catalog(project.manifest_path), Pseudonyms(SecretStr("k" * 32)), path.parent / "published-general"
    )


def publish(path: Path, published: PublishedSet, url: SecretStr | None = None) -> None:
    with open_warehouse(path) as connection:
        edition = read_edition(connection, published)
        publish_database(connection, published, edition)
        publish_parquet(connection, published, edition)
        if url:
            publish_postgres(connection, published, edition, url)


def all_alike(path: Path) -> list[str]:
    """Statements that give all rows of every mart the same values in labelled columns."""
    texts = {"varchar[]": "[]", "varchar": "'ada@x.example'"}
    found = []
    for mart in read_catalog(project.manifest_path).marts:
        labelled = [one for one in mart.columns if one.pii and one.data_type in texts and one.name != mart.key]
        if labelled:
            assignments = ", ".join(f'"{one.name}" = {texts[one.data_type]}' for one in labelled)
            found.append(f"update marts.{mart.name} set {assignments}")
    return found


def test_people_who_share_every_value_stay_separate_rows(copy: Path, url: SecretStr, ask: Ask):
    change(copy, *all_alike(copy))
    published = general_set(copy)
    publish(copy, published, url)
    for mart in published.marts:
        count = f"select count(*) from marts.{mart.name}"
        assert rows(published.directory / "compliance.duckdb", count) == rows(copy, count), mart.name
        files = (
            f"read_parquet('{published.directory}/parquet/{mart.name}/**/*.parquet', hive_partitioning = false)"
        )
        assert rows(copy, f"select count(*) from {files}") == rows(copy, count), mart.name
        assert ask(f"select count(*) from marts_general.{mart.name}") == rows(copy, count), mart.name


def test_ids_with_the_same_pseudonym_do_not_prevent_publication(copy: Path, url: SecretStr, ask: Ask):
    change(
        copy,
        "insert into marts.users by name select * replace ('Ada@X.example' as user_id) from marts.users limit 1",
        "insert into marts.users by name select * replace ('ada@x.example' as user_id) from marts.users limit 1",
    )
    publish(copy, general_set(copy), url)
    count = "select count(*) from marts.users"
    assert ask("select count(*) from marts_general.users") == rows(copy, count)


@pytest.mark.parametrize("relation", ["(from {} union all from {})", "(from {} limit 1)"], ids=["more", "fewer"])
def test_a_set_with_a_wrong_row_count_is_not_published(copy: Path, url: SecretStr, ask: Ask, relation: str):
    published = restricted(read_catalog(project.manifest_path), copy.parent / "published")
    wrong = [
        replace(mart, relation=relation.format(mart.relation, mart.relation)) if mart.name == "users" else mart
        for mart in published.marts
    ]
    published = replace(published, marts=tuple(wrong))
    with open_warehouse(copy) as connection:
        edition = read_edition(connection, published)
        for write in (publish_database, publish_parquet):
            with pytest.raises(PublicationError, match=r"users has [\d,]+ rows, and [\d,]+ would"):
                write(connection, published, edition)
        with pytest.raises(PublicationError, match=r"users has [\d,]+ rows, and [\d,]+ would"):
            publish_postgres(connection, published, edition, url)
    assert [one.name for one in published.directory.iterdir()] == [".lock"]
    assert ask("select count(*) from pg_namespace where nspname = 'marts'") == [(0,)]
