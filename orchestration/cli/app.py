"""The command line, and what every command shares.

A command imports what it needs when it is called, so that all of them start fast. The exit status is 0 when
everything succeeded, 1 when something failed, 2 when the command line makes no sense.
"""

import sys
from collections.abc import Callable
from functools import wraps

import typer
from typer.models import OptionInfo

from orchestration.errors import ExplainedError
from orchestration.run import STOPPED, prepare_environment
from orchestration.terminal import printable

app = typer.Typer(
    help="The commands behind `make`, and those that exist only here.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def command(function: Callable[..., int | None]) -> Callable[..., None]:
    """Register a command. It begins with a prepared environment, and an explained error ends it with status 1."""

    @wraps(function)
    def run(**arguments: object) -> None:
        try:
            prepare_environment()
            status = function(**arguments) or 0
        except ExplainedError as error:
            status = fail(str(error))
        except KeyboardInterrupt:
            print(f"\n{STOPPED}", file=sys.stderr)
            status = 130
        raise typer.Exit(status)

    return app.command()(run)


def option(metavar: str, text: str, *names: str) -> OptionInfo:
    return typer.Option(*names, metavar=metavar, help=text)


def flag(name: str, text: str) -> OptionInfo:
    return typer.Option(name, help=text)


def fail(sentence: str) -> int:
    """Print the sentence to standard error. Returns the exit status."""
    print(printable(sentence), file=sys.stderr)
    return 1
