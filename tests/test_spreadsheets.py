"""Rows as CSV and as a workbook: what a spreadsheet reads back, and that nothing runs."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from orchestration.spreadsheets import Sheet, as_csv, write_workbook

HOSTILE = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", '=HYPERLINK("https://x.example","a")')
ROW = [
    *HOSTILE, "https://x.example", None, True, 7, 10**18, Decimal("1.5"), float("nan"),
    datetime(2026, 5, 3, 4, 5, 6), date(2026, 5, 3), datetime(1, 1, 1), ["a", "=b"], "x" * 40_000, "a\0b\x07",
]  # fmt: skip
NAMESPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cells(path: Path, number: int = 1) -> dict[str, tuple[str | None, str]]:
    """Type and text of each cell of a sheet, by its place."""
    with ZipFile(path) as file:
        sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
    assert not sheet.findall(".//s:f", NAMESPACE), "no formulas"
    assert not sheet.findall(".//s:hyperlink", NAMESPACE)
    return {
        cell.get("r", ""): (cell.get("t"), "".join(cell.itertext())) for cell in sheet.findall(".//s:c", NAMESPACE)
    }


def test_a_workbook_holds_values_and_runs_nothing(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    write_workbook(path, [Sheet("One", [f"column {n}" for n in range(len(ROW))], [ROW, ROW])])
    found = cells(path)
    names = [re.sub(r"\d", "", place) for place in found if place.endswith("1") and len(place) == 2]
    by_column = {ROW.index(value): found[f"{names[ROW.index(value)]}2"] for value in HOSTILE}
    assert [text for _, text in by_column.values()] == list(HOSTILE)
    assert {kind for kind, _ in by_column.values()} == {"inlineStr"}
    place = {n: f"{names[n]}2" for n in range(len(ROW))}
    assert place[7] not in found, "null is an empty cell"
    assert found[place[8]] == ("b", "1")
    assert found[place[9]] == (None, "7")
    assert found[place[10]] == ("inlineStr", "1000000000000000000"), "a number would lose digits"
    assert found[place[11]] == (None, "1.5")
    assert found[place[13]][0] is None
    assert float(found[place[13]][1]) == pytest.approx(46145.170208, abs=1e-5)
    assert found[place[14]] == (None, "46145")
    assert found[place[15]] == ("inlineStr", "1-01-01 00:00:00")
    assert found[place[16]] == ("inlineStr", "a; =b")
    assert len(found[place[17]][1]) == 32_767


def test_the_same_rows_give_the_same_bytes(tmp_path: Path):
    for name in "ab":
        write_workbook(tmp_path / name, [Sheet("One", ["a"], [["x"]]), Sheet("Empty", ["a"], [])])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert cells(tmp_path / "a", 2) == {"A1": ("inlineStr", "a")}


def test_no_cell_of_a_csv_runs_as_a_formula():
    text = as_csv(["=a", "b"], [[value, 1] for value in HOSTILE])
    assert not re.search(r"(^|,)\"?[=+@-]", text, re.MULTILINE)
    assert as_csv(["a"], [[None], [True], [-1.5], [datetime(2026, 1, 2)], [["x", "y"]]]).split() == [
        "a", '""', "true", "-1.5", "2026-01-02", "00:00:00", "x;", "y",
    ]  # fmt: skip
