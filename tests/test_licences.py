"""Every pinned package has a hash and a licence on the allowlist, and is the version that is installed."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.config.settings import ROOT

# As the packages state it. Copyleft only of files (MPL) or of the library itself (LGPL: psycopg, which is used
# unchanged, and its predecessor in the tests); of several alternatives one is enough (text-unidecode: the Artistic
# License).
ALLOWED = (
    r"MIT(-0| License)?|0BSD|ISC License \(ISCL\)|Apache-2\.0|Apache Software License|BSD( License)?"
    r"|BSD-[23]-Clause|(BSD 3-Clause|3-Clause BSD License)|PSF-2\.0|Python Software Foundation License|CNRI-Python"
    r"|MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0\)|LGPL-3\.0-only|Artistic License"
    r"|GNU Library or Lesser General Public License \(LGPL\)"
)
# Pinned for other platforms than this one.
ELSEWHERE = {"psutil", "pyreadline3", "pywin32"}


def licence_of(name: str) -> str:
    """The licence that the package states: an SPDX expression, else its classifiers, else a line."""
    found = metadata.metadata(name)
    classifiers = [
        line.split("::")[-1].strip() for line in found.get_all("Classifier", []) if line.startswith("License ::")
    ]
    classified = ", ".join(one for one in classifiers if one != "OSI Approved")
    return (
        found.get("License-Expression") or classified or (found.get("License") or "none").strip().splitlines()[0]
    )


def is_allowed(licence: str) -> bool:
    """All parts joined by `AND` are allowed, and at least one of those joined by `OR`."""
    if " AND " in licence:
        return all(is_allowed(part.removeprefix("(").removesuffix(")")) for part in licence.split(" AND "))
    return any(re.fullmatch(ALLOWED, one) for one in re.split(r" OR |, ", licence))


def test_every_pinned_package_has_hashes_and_a_licence_on_the_list():
    pins = re.findall(
        r"^([\w.-]+)==[^\n]*\n((?:    --hash=\S+[^\n]*\n?)+)",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    lines = re.findall(r"^[\w.-]+(?:\[\w+\])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    licences = {}
    for name, _ in pins:
        try:
            licences[name] = licence_of(name)
        except metadata.PackageNotFoundError:
            assert name in ELSEWHERE, name
    assert len(pins) + sum("[" in line for line in lines) == len(lines) > 100
    assert {name: licence for name, licence in licences.items() if not is_allowed(licence)} == {}


def test_installed_versions_are_the_pinned_ones_and_compatible():
    lines = re.findall(r"^([\w.-]+(?:\[\w+\])?==[^\\\n]*)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    pins = [one for one in map(Requirement, lines) if one.marker is None or one.marker.evaluate()]
    assert len(pins) > 100
    installed = {one.name: metadata.version(one.name) for one in pins}
    assert [str(one) for one in pins if not one.specifier.contains(installed[one.name], prereleases=True)] == []
    check = [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"]
    checked = subprocess.run(check, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_a_licence_that_is_not_on_the_list_is_found():
    assert not is_allowed("GNU General Public License v3 (GPLv3)")
    assert not is_allowed("MIT AND GPL-3.0-only")
    assert is_allowed("MPL-2.0 AND (Apache-2.0 OR MIT)")
    assert not is_allowed("none")


def test_imported_packages_are_declared():
    """A transitive dependency disappears when the package that requires it does."""
    declared = {
        canonicalize_name(Requirement(line).name)
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    providers = metadata.packages_distributions()
    missing = {}
    for file in (path for room in ("orchestration", "local_feed") for path in (ROOT / room).rglob("*.py")):
        for module in imported_by(file) - sys.stdlib_module_names - {"orchestration", "local_feed"}:
            if not {canonicalize_name(name) for name in providers[module]} & declared:
                missing[module] = file.name
    assert missing == {}


def imported_by(file: Path) -> set[str]:
    """The top-level names that the file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found
