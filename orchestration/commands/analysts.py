"""`questions` and `review`: what analysts and auditors read, written from the published file."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from orchestration.config.settings import published_path, warehouse_path
from orchestration.publish.duckdb_file import FILE_NAME


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the commands of this module."""
    questions = commands.add_parser("questions", help="write the rows in docs/questions.md anew")
    questions.set_defaults(run=_questions)
    review = commands.add_parser(
        "review", help="write who held what on a day, and what changed since the last review"
    )
    review.add_argument("--on", metavar="DATE", default="", help="the day (UTC); default: the newest complete one")
    review.add_argument(
        "--since", metavar="DATE", default="", help="the day of the last review; default: 90 days before"
    )
    review.add_argument("--output", type=Path, metavar="DIR", help="default: access-reviews, beside the warehouse")
    review.set_defaults(run=_review)


def _questions(arguments: argparse.Namespace) -> int:
    from orchestration.docs_pages.questions import QuestionsError, write

    try:
        write(published_path(os.environ) / FILE_NAME)
    except QuestionsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _review(arguments: argparse.Namespace) -> int:
    from orchestration.access_review.review import DIRECTORY, ReviewError, write_review

    output = arguments.output or warehouse_path(os.environ).parent / DIRECTORY
    try:
        written = write_review(published_path(os.environ) / FILE_NAME, output, arguments.on, arguments.since)
    except ReviewError as error:
        print(error, file=sys.stderr)
        return 1
    review = written.review
    complete = "complete" if review.is_complete else "NOT complete"
    print(f"{review.on} ({complete}): {len(review.held):,} grants held; changes since {review.since}.")
    print(f"  {written.page}\n  {written.table}")
    return 0
