"""Rows as CSV and as an XLSX workbook that are safe to open: nothing in them runs as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.durable_files import write_durably

# What spreadsheets read as the start of a formula, also after invisible characters. In some locales a
# semicolon starts a new cell.
_FORMULA = re.compile(
    r"(^[\t\r\n]|(?:^|[;,|\t\r\n])(?=[\s\"\x00-\x1f\xad\u200b-\u200f\u2060\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-]))"
)
# Of a cell, by the format.
MAX_CHARACTERS = 32_767
_EARLIEST = datetime(1900, 3, 1)
# Beyond this a number of the format loses digits.
_EXACT = 10**15
_WIDTHS = range(8, 40)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: a name of up to 31 characters, columns and rows."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV. An apostrophe is put before anything that a spreadsheet would read as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([csv_cell(column) for column in columns])
    writer.writerows([csv_cell(value) for value in row] for row in rows)
    return text.getvalue()


def csv_cell(value: Any) -> str:
    """A value as the text of a CSV cell: empty for None, items of a list separated by semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return _FORMULA.sub(_with_apostrophe, _text(value))


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write the sheets to an XLSX file, with filters and a header that stays in view. Same rows, same bytes.

    Raises:
        OSError: the file could not be written; an old one is unchanged.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss", "constant_memory": True,
    }  # fmt: skip
    content = io.BytesIO()
    try:
        with xlsxwriter.Workbook(content, options) as workbook:
            # Otherwise the time of writing is in the file.
            workbook.set_properties({"created": datetime(2000, 1, 1)})
            heading = workbook.add_format({"bold": True, "bottom": 1})
            day = workbook.add_format({"num_format": "yyyy-mm-dd"})
            for sheet in sheets:
                _write_sheet(workbook.add_worksheet(sheet.name), sheet, heading, day)
    except FileCreateError as error:
        raise error.args[0] from None
    write_durably(path, content.getvalue())


def _write_sheet(worksheet: Any, sheet: Sheet, heading: Any, day: Any) -> None:
    worksheet.freeze_panes(1, 0)
    widths = [len(column) for column in sheet.columns]
    for row in sheet.rows[:50]:
        widths = [max(width, len(_text(value))) for width, value in zip(widths, row, strict=True)]
    for number, (column, width) in enumerate(zip(sheet.columns, widths, strict=True)):
        worksheet.set_column(number, number, min(max(width + 1, _WIDTHS.start), _WIDTHS.stop))
        worksheet.write_string(0, number, column, heading)
    for position, row in enumerate(sheet.rows, start=1):
        for number, value in enumerate(row):
            _write_cell(worksheet, position, number, value, day)
    if sheet.columns:
        worksheet.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.columns) - 1)


def _write_cell(worksheet: Any, position: int, number: int, value: Any, day: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        worksheet.write_boolean(position, number, value)
    elif isinstance(value, int | float | Decimal) and abs(value) < _EXACT:
        worksheet.write_number(position, number, value)
    elif isinstance(value, datetime) and value.replace(tzinfo=None) >= _EARLIEST:
        worksheet.write_datetime(position, number, value.replace(tzinfo=None))
    elif isinstance(value, date) and not isinstance(value, datetime) and value >= _EARLIEST.date():
        worksheet.write_datetime(position, number, datetime(value.year, value.month, value.day), day)
    else:
        # As text, never as a formula, whatever it begins with.
        worksheet.write_string(position, number, _text(value)[:MAX_CHARACTERS])


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, timedelta):
        return str(value)
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _with_apostrophe(found: re.Match[str]) -> str:
    return f"'{found[0]}" if found.start() == 0 and found[0].isspace() else f"{found[0]}'"
