"""Where the dbt project stands, and the dbt that belongs to this environment.

Apart from the assets, so that tools can prepare the project without loading them.
"""

import os
import sys
from pathlib import Path

from dagster_dbt import DbtProject

from orchestration.config.settings import ROOT

# The environment need not be activated: dbt stands beside the interpreter.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"

project = DbtProject(project_dir=ROOT / "dbt_project", profiles_dir=ROOT / "dbt_project")
project.prepare_if_dev()
if not project.manifest_path.exists():
    # Outside `dagster dev` and `dg` nobody parses the project; without a manifest there are no assets to define.
    project.preparer.prepare(project)
