"""What `python -m orchestration query` gives: a table, CSV, JSON, a spreadsheet, or a sentence where it cannot."""

import csv
import io
import json
from pathlib import Path
from zipfile import is_zipfile

import pytest

from orchestration.cli import main
from orchestration.warehouse.connection import open_warehouse

SQL = """
select 'Ω =1+1' as name, '=1+1' as formula, timestamp '2026-05-03 01:02:03' as at, [1, 2] as list, null as nothing
"""


@pytest.fixture
def ask(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    with open_warehouse(path):
        pass
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["orchestration", "query", *arguments])
        status = main()
        return status, *capsys.readouterr()

    return run


def test_an_answer_is_a_table_csv_json_or_a_spreadsheet(ask, tmp_path: Path):
    assert "2026-05-03 01:02:03" in ask(SQL)[1]
    status, text, _ = ask(SQL, "--csv")
    assert status == 0
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"name": "Ω =1+1", "formula": "'=1+1", "at": "2026-05-03 01:02:03", "list": "1; 2", "nothing": ""}
    ]
    assert json.loads(ask(SQL, "--json")[1]) == [
        {"name": "Ω =1+1", "formula": "=1+1", "at": "2026-05-03T01:02:03Z", "list": [1, 2], "nothing": None}
    ]
    file = tmp_path / "answer.xlsx"
    assert ask(SQL, "--xlsx", str(file)) == (0, "", "")
    assert is_zipfile(file)


def test_what_cannot_be_answered_is_one_sentence(ask, tmp_path: Path):
    status, _, error = ask("select nothing from nowhere", "--csv")
    assert (status, "nowhere does not exist" in error) == (1, True)
    status, _, error = ask(SQL, "--xlsx", str(tmp_path / "none" / "a.xlsx"))
    assert (status, "Cannot write" in error) == (1, True)
    assert ask(SQL, "--csv", "--json")[0] == 2
