"""Documents lead somewhere: links reach a file and a heading, and the tests they name exist."""

import json
import re
from itertools import chain
from pathlib import Path

import pytest

from orchestration.assets.project import project
from orchestration.config.settings import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def headings(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_reach_a_file_and_a_heading(document: Path):
    for name, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / name if name else document
        assert target.exists(), name
        if anchor and target.suffix == ".md":
            assert anchor in headings(target), f"{name}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_tests_that_a_document_names_exist(document: Path):
    sources = list(chain(*(ROOT.glob(f"{room}/**/*.py") for room in ("tests", "dashboards", "spark"))))
    files = {path.name for path in sources}
    functions = set(re.findall(r"def (test_\w+)", "".join(path.read_text(encoding="utf-8") for path in sources)))
    manifest = json.loads(project.manifest_path.read_text())
    unit_tests = {one["name"] for one in manifest["unit_tests"].values()}
    text = document.read_text(encoding="utf-8")
    assert {Path(name).name for name in re.findall(r"[\w/]*test_\w+\.py", text)} <= files
    assert set(re.findall(r"::(test_\w+)", text)) <= functions
    named = chain(
        *(re.findall(r"`(\w+)`", part) for part in re.findall(r"unit tests? ((?:`\w+`[, and\n]*)+)", text))
    )
    assert set(named) <= unit_tests
