"""Renders `docs/data_dictionary.md` from the descriptions in dbt, and serves dbt's own documentation."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestration.config.settings import ROOT, Settings
from orchestration.publish.marts import Catalog, Mart
from orchestration.warehouse.connection import warehouse_lock
from orchestration.warehouse.errors import WarehouseError

DICTIONARY = ROOT / "docs" / "data_dictionary.md"

_HEAD = """\
# Data dictionary

Written by `python -m orchestration dictionary` from the descriptions in `dbt_project/models/marts`.

Times are UTC, columns that end in `_date` are UTC dates, ids are text. *Personal* names the kind of personal data
that a column can hold: the Dagster UI leaves such columns out of its previews. Whole records, their hashes and
values that people type are `free_text`; `identifier` is an id, or its substitute where there is none.
[The general set](publishing.md#two-sets) has pseudonyms for `email`, `name`, `user_agent` and what is no id in
`identifier`, networks for `ip`, and no `free_text`.
"""


def render(catalog: Catalog) -> str:
    """The dictionary as Markdown: a section for each mart, by name."""
    return "\n".join([_HEAD, *(line for mart in catalog.marts for line in _section(mart))])


def _section(mart: Mart) -> Iterator[str]:
    yield f"## marts.{mart.name}\n"
    yield f"{mart.description}\n"
    yield "| column | type | | personal |"
    yield "| --- | --- | --- | --- |"
    for column in mart.columns:
        meaning = " ".join(column.description.split()).replace("|", "\\|")
        key = " **Key.**" if column.name == mart.key else ""
        yield f"| `{column.name}` | {column.data_type} | {meaning}{key} | {column.pii or ''} |"
    yield ""


def serve(port: int) -> int:
    """Generate dbt's documentation and serve it on 127.0.0.1 until interrupted. Returns the exit status."""
    path = Settings.paths(os.environ).warehouse_path
    if not path.exists():
        print(f"There is no warehouse at {path}. Run `make refresh` or `make demo` first.", file=sys.stderr)
        return 1
    target = path.with_suffix(".docs").absolute()
    environment = os.environ | {"WAREHOUSE_PATH": str(path), "DBT_TARGET_PATH": str(target)}
    try:
        with warehouse_lock(path):
            generated = subprocess.run(
                _dbt("--quiet", "docs", "generate"), cwd=ROOT / "dbt_project", env=environment
            )
    except WarehouseError as error:
        print(error, file=sys.stderr)
        return 1
    if generated.returncode:
        print("dbt could not generate its documentation; see its error above.", file=sys.stderr)
        return 1
    print(f"http://127.0.0.1:{port} shows every model and column, and their lineage.", flush=True)
    serving = _dbt("--quiet", "docs", "serve", "--host", "127.0.0.1", "--port", str(port), "--no-browser")
    try:
        return subprocess.run(serving, cwd=ROOT / "dbt_project", env=environment).returncode
    except KeyboardInterrupt:
        return 0


def _dbt(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("dbt")), *arguments]
