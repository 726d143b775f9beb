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

# dbt is installed next to the interpreter; the environment need not be activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

_FILES = ("dbt_project.yml", "profiles.yml")
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


def is_parsed(project: DbtProject) -> bool:
    """Whether the manifest is of the files as they are."""
    manifest = project.manifest_path
    return manifest.exists() and manifest.stat().st_mtime >= last_change(project.project_dir)


def parse_if_changed(project: DbtProject) -> None:
    """Parse the project where its files are newer than the manifest. Where that fails, an older manifest serves.

    Whatever loads our definitions, an upgrade is complete without a further step.
    """
    if is_parsed(project):
        return
    began = time.time()
    try:
        project.preparer.prepare(project)
        # What changes while dbt parses is newer than the manifest.
        os.utime(project.manifest_path, (began, began))
    except Exception as error:
        if not project.manifest_path.exists():
            raise
        reason = " ".join(str(error).split())[:300]
        log.warning("The dbt project has changed and cannot be parsed: %s Run `make setup`.", reason)


project = DbtProject(project_dir=ROOT / "dbt_project", profiles_dir=ROOT / "dbt_project")
parse_if_changed(project)
LOADED_AT = project.manifest_path.stat().st_mtime
