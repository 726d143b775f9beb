"""`questions` and `review`: what analysts and auditors read, written from the published file."""

from __future__ import annotations

import argparse
import os
import sys

from orchestration.publication.database import FILE_NAME
from orchestration.settings import published_path


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands of this module."""
    questions = commands.add_parser("questions", help="write the rows in docs/questions.md anew")
    questions.set_defaults(run=_questions)


def _questions(arguments: argparse.Namespace) -> int:
    from orchestration.questions import QuestionsError, write

    try:
        write(published_path(os.environ) / FILE_NAME)
    except QuestionsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
