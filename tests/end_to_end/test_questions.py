"""The page of questions on the one built warehouse's published file."""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.cli import main
from orchestration.docs_pages.questions import (
    PAGE,
    SHOWN_ROWS,
    QuestionsError,
    read_questions,
    with_outputs,
    write,
)

Built = tuple[Path, dg.ExecuteInProcessResult]
QUESTIONS = read_questions(PAGE.read_text(encoding="utf-8"))
# Answered by `test_directory`, on a warehouse that has one.
OF_DIRECTORY = {question.title for question in QUESTIONS if question.section == "The directory, beside the log"}
# A feed that is read once has no late or changed activities.
WITHOUT_ROWS = {
    "Did something arrive late, or come again with other content?",
    "Has the provider rewritten old records, and which fields?",
}
# The history ends on 31 October 2026, except for our own reads, which happen during the test.
BY_THE_CLOCK = {"Who has been active in the last 30 days, loads by apps apart?"}


def published(built: Built) -> Path:
    return built[0].parent / "published" / "compliance.duckdb"


def test_every_question_runs_has_its_columns_and_the_same_answer_twice(built: Built):
    assert len(QUESTIONS) >= 45
    assert len(OF_DIRECTORY) >= 9
    assert len({question.title for question in QUESTIONS}) == len(QUESTIONS)
    empty = set()
    with duckdb.connect(str(published(built)), read_only=True) as connection:
        for question in QUESTIONS:
            cursor = connection.execute(question.query)
            assert tuple(name for name, *_ in cursor.description) == question.columns, question.title
            rows = cursor.fetchall()
            assert connection.execute(question.query).fetchall() == rows, question.title
            if not rows:
                empty.add(question.title)
    assert empty - BY_THE_CLOCK - OF_DIRECTORY == WITHOUT_ROWS


def test_every_block_of_sql_is_a_question_and_none_asks_the_clock():
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("```sql") == page.count("\n### ") == len(QUESTIONS)
    for question in QUESTIONS:
        assert "order by" in question.query or "count(*)" in question.query, question.title
        for word in ("now()", "current_date", "current_timestamp", "today()"):
            assert word not in question.query.lower(), question.title


def test_the_outputs_are_written_and_nothing_else():
    sql = 'select n, null as "b|c" from range({}) as t(n)'
    page = "# Head\n\n### A?\n\nWords.\n\n```sql\n" + sql + ";\n```\n\n{}\n\n## Next\n\nEnd.\n"
    with duckdb.connect() as connection:
        written = with_outputs(page.format(7, "old"), connection)
        assert with_outputs(written, connection) == written
        assert "No rows." in with_outputs(page.format(0, ""), connection)
    assert written.startswith(page[: page.index("{}")].replace("{}", "7"))
    assert written.endswith(f"| 2 | null |\n\n7 rows; the first {SHOWN_ROWS} are shown.\n\n## Next\n\nEnd.\n")
    assert "old" not in written
    assert read_questions(written)[0].title == "A?"


def test_a_failing_query_leaves_the_page_unchanged(tmp_path: Path, monkeypatch, capsys):
    page, file = tmp_path / "questions.md", tmp_path / "compliance.duckdb"
    page.write_text("### A?\n\n```sql\nselect * from nowhere;\n```\n\nold\n")
    duckdb.connect(str(file)).close()
    with pytest.raises(QuestionsError, match=r"questions.md fails on"):
        write(file, page)
    assert page.read_text().endswith("old\n")
    monkeypatch.setenv("PUBLISHED_PATH", str(tmp_path / "none"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", ["orchestration", "questions"])
    assert main() == 1
    assert "Run `make refresh`" in capsys.readouterr().err
