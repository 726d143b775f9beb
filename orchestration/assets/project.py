"""The dbt project with a manifest that is up to date, and the dbt executable of this environment.

Separate from the assets, so that tools can prepare the project without loading them.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dagster_dbt import DbtProject

from orchestration.config.settings import ROOT
from orchestration.project_files import project_sha256

# dbt is installed next to the interpreter; the environment need not be activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

_FILES = ("dbt_project.yml", "profiles.yml")
_FROM_DBT = "Errors parsed from dbt logs:"
_DIRECTORIES = ("models", "macros", "seeds", "tests")

log = logging.getLogger(__name__)


def last_change(directory: Path) -> float:
    """When a file of the dbt project in the directory was last changed, added or removed (seconds since 1970)."""
    return max(path.stat().st_mtime for path in _paths(directory))


def _paths(directory: Path) -> Iterator[Path]:
    yield from (directory / name for name in _FILES)
    for name in _DIRECTORIES:
        # A directory changes when a file is added or removed.
        for place, _, files in os.walk(directory / name):
            yield Path(place)
            yield from (Path(place, file) for file in files)


def parse_if_changed(project: DbtProject) -> str:
    """Parse the project where its files are newer than the manifest.

    Any process that loads our definitions does this, so an upgrade needs no further step. Returns the hash of the
    project that the manifest is of; "" if only an older manifest is available, which defines assets but builds
    nothing.
    """
    manifest, began = project.manifest_path, time.time()
    sha256 = project_sha256(Path(project.project_dir))
    if manifest.exists() and manifest.stat().st_mtime >= last_change(Path(project.project_dir)):
        return sha256
    try:
        project.preparer.prepare(project)
        # What changes while dbt parses is newer than the manifest.
        os.utime(manifest, (began, began))
    except Exception as error:
        if not manifest.exists():
            raise
        # Before it, dagster-dbt says where files are.
        reason = " ".join(str(error).rpartition(_FROM_DBT)[2].split())[:300]
        log.warning("The dbt project has changed and cannot be parsed: %s. Run `make setup`.", reason.rstrip("."))
        return ""
    return sha256


project = DbtProject(project_dir=ROOT / "dbt_project", profiles_dir=ROOT / "dbt_project")
# Of the project that the assets are defined from.
PARSED_SHA256 = parse_if_changed(project)
