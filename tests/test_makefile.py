"""Values given to make reach the command unchanged; neither make nor the shell expands or runs them."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from orchestration.config.settings import ROOT

# What make, the shell or both would expand, run or split.
HOSTILE = (
    "o$brien@x.example",
    "o$$brien@x.example",
    "$(shell touch ran)",
    "${shell touch ran}",
    "x$(eval YES := 1)",
    "`touch ran`",
    "$(touch ran)",
    "'; touch ran; '",
    '"; touch ran; "',
    "a b  c",
    "#x",
    "\\",
    "-x",
    "--yes",
    "*",
    "Jörg",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile with an up-to-date environment whose Python only records its arguments."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in (
        "requirements.txt", ".venv/.installed", ".venv/dg.toml", ".venv/bin/python",
        "dbt_project/target/manifest.json", "benchmarks/requirements.txt", ".venv-bench/.installed",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    python = tmp_path / ".venv/bin/python"
    python.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\" > arguments\n")
    python.chmod(0o700)
    return tmp_path


def arguments(checkout: Path, target: str, *given: str, **environment: str) -> list[str]:
    """The arguments that the target's command receives."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "YES")}
    done = subprocess.run(
        ["make", target, *given], cwd=checkout, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not (checkout / "ran").exists()
    return (checkout / "arguments").read_text().split("\0")[2:-1]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("how", ["command line", "environment"])
def test_a_value_is_passed_on_unchanged(checkout: Path, value: str, how: str):
    def run(target: str, *names: str) -> list[str]:
        given = dict.fromkeys(names, value)
        if how == "environment":
            return arguments(checkout, target, **given)
        return arguments(checkout, target, *(f"{name}={one}" for name, one in given.items()))

    given = [f"--subject={value}", f"--by={value}", f"--why={value}"]
    assert run("erase", "SUBJECT", "BY", "WHY") == ["erase", *given]
    if value != HOSTILE[0]:
        return
    assert run("subject-report", "SUBJECT") == ["subject-report", f"--subject={value}"]
    assert run("retain", "BY", "WHY") == ["retain", *given[1:]]
    assert run("attest", "FROM", "TO") == ["attest", f"--from={value}", f"--to={value}"]
    assert run("audit-pack", "FROM", "TO") == ["audit-pack", f"--from={value}", f"--to={value}"]
    assert run("verify-pack", "PACK", "PUBLIC_KEY") == ["verify-pack", "--", value, value]
    assert run("review", "ON", "SINCE") == ["review", f"--on={value}", f"--since={value}"]


def test_the_other_targets_pass_values_on_too(checkout: Path):
    value = " ".join(HOSTILE)

    def run(target: str, *names: str) -> list[str]:
        return arguments(checkout, target, *(f"{name}={value}" for name in names))

    triaged = [f"--{name}={value}" for name in ("status", "by", "why", "until", "rule", "subject")]
    names = ("STATUS", "BY", "WHY", "UNTIL", "RULE", "SUBJECT", "FINDING")
    assert run("triage", *names) == ["triage", *triaged, "--", value]
    assert run("verify-pack", "AUTHORITY")[:2] == ["verify-pack", f"--authority={value}"]
    assert run("bi-bundle", "DATABASE_URI") == ["bundle", f"--database-uri={value}", "dashboards.zip"]
    assert run("bench", "BENCH_ARGS") == value.split()


@pytest.mark.parametrize("target", ["erase", "retain"])
def test_only_yes_1_on_the_command_line_confirms_a_removal(checkout: Path, target: str):
    for value in ("0", "no", "yes", "", " ", "11", "1 1", "01", "$(if x,1)", "1 #", "true"):
        assert "--yes" not in arguments(checkout, target, f"YES={value}"), value
    for value in ("1", "yes", "0"):
        assert "--yes" not in arguments(checkout, target, YES=value)
    assert "--yes" not in arguments(checkout, target, "YES=0", YES="1")
    assert "--yes" not in arguments(checkout, target)
    assert "--yes" not in arguments(checkout, target, CONFIRMED="--yes")
    assert "--yes" not in arguments(checkout, target, "-e", YES="1", CONFIRMED="--yes")
    assert "--yes" not in arguments(checkout, target, "CONFIRMED=--yes")
    assert arguments(checkout, target, "YES=1")[-1] == "--yes"
    assert arguments(checkout, target, "YES=1", YES="no")[-1] == "--yes"


def test_a_missing_value_is_not_passed(checkout: Path):
    assert arguments(checkout, "attest") == ["attest"]
    assert arguments(checkout, "review", "ON=2026-06-30") == ["review", "--on=2026-06-30"]


def test_dg_without_a_home_prints_no_banner_and_records_nothing(tmp_path: Path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    venv.create(tmp_path / ".venv", with_pip=False)
    (tmp_path / ".venv/.installed").touch()
    subprocess.run(["make", ".venv/dg.toml"], cwd=tmp_path, check=True)
    told = "import os; print(os.environ['DG_CLI_CONFIG'])"
    config = subprocess.run(
        [tmp_path / ".venv/bin/python", "-c", told], capture_output=True, text=True, check=True
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        [sys.executable, "-m", "dagster_dg_cli.cli", "list", "projects"],
        cwd=tmp_path, env=environment | {"HOME": str(home), "DG_CLI_CONFIG": config.stdout.strip()},
        capture_output=True, text=True,
    )  # fmt: skip
    assert "elemetry" not in done.stderr
    assert list(home.iterdir()) == []
