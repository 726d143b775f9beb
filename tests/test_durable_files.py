"""Atomic file writes, and escaping of untrusted text in CSV, Markdown and terminal output."""

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from orchestration.access_review.table import COLUMNS, as_csv
from orchestration.attestation.attest import AttestationError, Period, attest
from orchestration.durable_files import write_durably
from orchestration.evidence.seal_file import export
from orchestration.evidence.seals import seal_days
from orchestration.markdown import code, plain, table
from orchestration.terminal import printable
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.histories import FIRST_DAY, build


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Limits the size of every file to so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_full_disk_keeps_the_old_file(path: Path, tmp_path: Path):
    build(path)
    written = tmp_path / "written"
    period = Period(FIRST_DAY.date(), FIRST_DAY.date())

    def seals() -> None:
        with open_warehouse(path, read_only=True) as connection:
            export(connection, written / "seals.txt")

    steps: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: attest(path, period, written), AttestationError),
        (seals, WarehouseError),
        (lambda: write_durably(written / "file", "x" * 1000), OSError),
    ]
    with open_warehouse(path) as connection:
        seal_days(connection)
    for step, _ in steps:
        step()
    before = contents(written)
    for step, kind in steps:
        with full_disk(100), pytest.raises(kind):
            step()
    assert contents(written) == before


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("x;=1+cmd", "x;'=1+cmd"), ("x; =1", "x;' =1"), ("a,+1", "a,'+1"), ("a\t@x", "a\t'@x"),
        ("a\n-1", "a\n'-1"), ("\0=1", "'\0=1"),
        ("\u200b=1", "'\u200b=1"), ("a;\ufeff@x", "a;'\ufeff@x"),
        ("\t=1", "'\t=1"), ("\rabc", "'\rabc"), ('a;"=1', "a;'\"=1"), ("a|=1", "a|'=1"),
        ("\uff1d1", "'\uff1d1"), ("a-b, c+d", "a-b, c+d"), ("ada@x.example", "ada@x.example"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula_in_any_locale(text: str, cell: str):
    row = dict.fromkeys(COLUMNS, None) | {"holder_email": text}
    lines = as_csv(date(2026, 5, 1), [row]).replace('""', '"')
    assert cell in lines


def test_untrusted_text_is_plain_text_in_markdown():
    for text in (
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![x](http://x)",
        "&lt;b&gt;",
        "# x\n\n<b>",
    ):
        shown = plain(text)
        assert "<" not in shown
        assert "\n" not in shown
        assert "](" not in shown
    assert plain("&lt;b&gt;").startswith("&amp;lt;")
    for text in ("a`<b>`", "``", "x` | `y\n<b>", "<script>"):
        shown = code(text)
        assert "<" not in shown
        assert "`" not in shown.replace("\\`", "")
        assert "\n" not in shown
    assert code("a | b") == "`a | b`"
    # A pipe after a backslash would end the cell.
    assert table(("",), [(code("a\\|b"),)])[-1] == "| a\\\\\\|b |"


def test_untrusted_text_cannot_control_a_terminal():
    assert printable("a\x1b]0;t\x07\nb\u202e\u2028") == "a\\x1b]0;t\\x07\\nb\\u202e\\u2028"
    assert printable("Jörg <x>") == "Jörg <x>"
