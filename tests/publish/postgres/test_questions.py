"""Every documented question gives the same answer in PostgreSQL as in the published file."""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import psycopg
from pydantic import SecretStr

from orchestration.assets.project import project
from orchestration.docs_pages.questions import PAGE, read_questions
from orchestration.publish.edition import read_edition
from orchestration.publish.marts import read_catalog
from orchestration.publish.postgres.publication import publish_postgres
from orchestration.publish.sets import restricted
from orchestration.warehouse.connection import open_warehouse

Built = tuple[Path, dg.ExecuteInProcessResult]
TEXT = PAGE.read_text(encoding="utf-8")
QUESTIONS = read_questions(TEXT)
# PostgreSQL variants by the title of the question; all others run unchanged.
ON_POSTGRESQL = dict(re.findall(r"^\*\*([^*]+)\*\*\n\n```postgresql\n(.*?);\n```", TEXT, re.DOTALL | re.MULTILINE))


def test_every_question_has_the_same_answer_on_postgresql(built: Built, url: SecretStr):
    catalog = read_catalog(project.manifest_path)
    with open_warehouse(built[0], read_only=True) as connection:
        marts = restricted(catalog, built[0].parent / "published")
        publish_postgres(connection, marts, read_edition(connection, marts), url)
    assert len(ON_POSTGRESQL) == TEXT.count("```postgresql")
    assert ON_POSTGRESQL.keys() <= {question.title for question in QUESTIONS}
    with (
        duckdb.connect(str(built[0].parent / "published" / "compliance.duckdb"), read_only=True) as connection,
        psycopg.connect(url.get_secret_value(), autocommit=True) as server,
    ):
        server.execute("set time zone 'UTC'")
        for question in QUESTIONS:
            cursor = server.execute(ON_POSTGRESQL.get(question.title, question.query))
            assert tuple(column.name for column in cursor.description) == question.columns, question.title
            expected = connection.execute(question.query).fetchall()
            assert sorted(map(repr, map(plain, cursor.fetchall()))) == sorted(map(repr, map(plain, expected))), (
                question.title
            )


def plain(row: tuple) -> list:
    """Normalize numbers, the zone of times and the order of lists, in which the engines differ."""
    return [normalized(sorted(map(str, one)) if isinstance(one, list) else one) for one in row]


def normalized(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return float(value) if is_number else value
