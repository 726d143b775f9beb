"""The commands behind `make`, and those that exist only here."""

# Each module registers its commands, in the order of `--help`.
# isort: off
from orchestration.cli import jobs, operations, evidence, privacy, pages  # noqa: F401
# isort: on

from orchestration.cli.app import app


def main() -> int:
    """Run the command that `sys.argv` names. Returns the exit status."""
    try:
        app(prog_name="python -m orchestration")
    except SystemExit as end:
        return int(end.code or 0)
    return 0
