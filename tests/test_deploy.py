"""What `deploy/` holds fits the product: the same pins, the same instance, units that systemd accepts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from orchestration.config.settings import ROOT

DEPLOY = ROOT / "deploy"
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    return dict(PIN.findall(path.read_text()))


def test_what_is_deployed_is_what_was_tested():
    ours, deployed = pins(ROOT / "requirements.txt"), pins(DEPLOY / "requirements.txt")
    assert {name: version for name, version in deployed.items() if ours.get(name) != version} == {}
    assert {"dagster-postgres", "psycopg2-binary"} <= deployed.keys()
    assert "pytest" not in deployed
    assert deployed["dagster-postgres"] == deployed["dagster-dbt"]


def test_the_instance_on_postgres_is_ours_with_a_storage():
    ours = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    deployed = yaml.safe_load((DEPLOY / "dagster.postgres.yaml").read_text())
    assert {name: value for name, value in deployed.items() if name != "storage"} == ours
    assert deployed["storage"]["postgres"]["postgres_db"]["scheme"] == "postgresql+psycopg2"


def test_systemd_accepts_the_units(tmp_path: Path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed.")
    units = []
    for unit in (DEPLOY / "systemd").glob("*.service"):
        # The checkout is elsewhere here.
        text = re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
        units.append(tmp_path / unit.name)
        units[-1].write_text(text)
    assert len(units) == 3
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_mounted_within_the_state_finds_a_directory_of_the_product():
    """An engine makes a directory that it lacks as root, and the product could not write there."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"].values()
    places = {volume.split(":")[1] for service in services for volume in service["volumes"]}
    [user] = re.findall(r"^USER (\d+)$", image := (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    made = re.findall(rf"install -d -m 0700 -o {user} -g {user} (.+?)(?: \\\\)?$", image, re.MULTILINE)
    within = {place for place in places if place.startswith("/var/lib/compliance-warehouse/")}
    assert within
    assert {str(Path(place).parent) for place in within} <= {*" ".join(made).split()}


def test_every_service_runs_a_command_of_the_product():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    pod = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "warehouse.yaml").read_text()))[-1]
    assert pod["spec"]["replicas"] == 1
    containers = pod["spec"]["template"]["spec"]["containers"]
    stated = [compose["ui"]["command"], *(one["command"] for one in containers if "command" in one)]
    assert stated == [["python", "-m", "orchestration", "ui", "--no-daemon"]] * 2
    for unit, command in (("daemon", "daemon"), ("ui", "ui --no-daemon")):
        text = (DEPLOY / "systemd" / f"compliance-warehouse-{unit}.service").read_text()
        assert f"/.venv/bin/python -m orchestration {command}\n" in text
        # A planned stop starts no OnFailure=.
        assert "KillSignal=SIGINT\n" in text
        assert "SuccessExitStatus=130\n" in text
    assert '"orchestration", "daemon"' in (DEPLOY / "Dockerfile").read_text()
