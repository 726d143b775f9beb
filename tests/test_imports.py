"""The contracts on imports bite: a copy of the product with one bad import for each is refused."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.config.settings import ROOT

# Each breaks one contract, in the order of pyproject.toml; the first is there for the type checker alone.
BAD = {
    "warehouse": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import orchestration.ingest.plan\n",
    "publish": "import dagster\n",
    "api": "import duckdb\n",
    "evidence": "import httpx\n",
}


def contracts(checkout: Path) -> dict[str, str]:
    """Each contract, and whether it is KEPT or BROKEN in the checkout."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", ROOT / "pyproject.toml"],
        cwd=checkout, capture_output=True, text=True,
    )  # fmt: skip
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.M))
    assert done.returncode == ("BROKEN" in found.values()), done.stdout + done.stderr
    return found


def test_each_contract_refuses_an_import_that_breaks_it(tmp_path: Path):
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "orchestration", tmp_path / "orchestration", ignore=ignored)
    kept = contracts(tmp_path)
    assert list(kept.values()) == ["KEPT"] * len(BAD)
    for room, text in BAD.items():
        (tmp_path / "orchestration" / room / "bad.py").write_text(text)
    assert set(contracts(tmp_path).values()) == {"BROKEN"}


def test_a_new_room_has_to_be_given_its_place(tmp_path: Path):
    shutil.copytree(
        ROOT / "orchestration", tmp_path / "orchestration", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "orchestration" / "utils.py").touch()
    assert contracts(tmp_path)["Imports go down only"] == "BROKEN"


def test_what_is_run_by_hand_alone_can_be_imported():
    """No other test runs it."""
    for file in sorted((ROOT / "benchmarks").glob("*.py")):
        importlib.import_module(f"benchmarks.{file.stem}")
