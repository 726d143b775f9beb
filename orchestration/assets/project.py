"""The dbt project, and the dbt executable of this environment.

Separate from the assets, so that tools can prepare the project without loading them.
"""

import os
import sys
from pathlib import Path

from dagster_dbt import DbtProject

from orchestration.config.settings import ROOT

# dbt is installed next to the interpreter; the environment need not be activated.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

project = DbtProject(project_dir=ROOT / "dbt_project", profiles_dir=ROOT / "dbt_project")
project.prepare_if_dev()
if not project.manifest_path.exists():
    # Only `dagster dev` and `dg` parse the project by themselves; without a manifest no assets can be defined.
    project.preparer.prepare(project)
