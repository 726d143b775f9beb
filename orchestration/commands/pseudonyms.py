"""`reveal`: what the pseudonyms of the general set stand for, for who has the key and the restricted set."""

from __future__ import annotations

import argparse
import os
import sys

import duckdb

from orchestration.config.publishing import PSEUDONYM_KEY, pseudonym_key
from orchestration.config.settings import published_path, warehouse_path
from orchestration.config.values import ConfigurationError
from orchestration.publish.duckdb_file import FILE_NAME
from orchestration.publish.errors import PublicationError
from orchestration.terminal import printable
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the command of this module."""
    reveal = commands.add_parser("reveal", help="tell what pseudonyms of the general set stand for")
    reveal.add_argument(
        "pseudonyms", nargs="*", metavar="PSEUDONYM", help="p_…; without any, those on standard input"
    )
    reveal.set_defaults(run=_reveal)


def _reveal(arguments: argparse.Namespace) -> int:
    from orchestration.assets.project import project
    from orchestration.publish.marts import read_catalog
    from orchestration.publish.pseudonyms import Pseudonyms
    from orchestration.publish.sets import values_behind_pseudonyms

    try:
        key = pseudonym_key(os.environ)
        if key is None:
            raise ConfigurationError(
                f"{PSEUDONYM_KEY} is not set. Set the key that the general set was made with."
            )
        values = _values(values_behind_pseudonyms(read_catalog(project.manifest_path)))
    except (ConfigurationError, PublicationError, WarehouseError) as error:
        print(error, file=sys.stderr)
        return 1
    asked = list(dict.fromkeys(arguments.pseudonyms or sys.stdin.read().split()))
    found = Pseudonyms(key).behind(set(asked), values)
    for pseudonym in asked:
        for value in found.get(pseudonym, []):
            print(f"{pseudonym}\t{printable(value)}")
    unknown = [pseudonym for pseudonym in asked if pseudonym not in found]
    for pseudonym in unknown:
        print(
            f"{printable(pseudonym)}: no value of the restricted set has this pseudonym under this key.",
            file=sys.stderr,
        )
    return 1 if unknown else 0


def _values(query: str) -> list[str]:
    """The query's texts, from the restricted set; where none is published, from the warehouse."""
    published = published_path(os.environ) / FILE_NAME
    if not published.exists():
        with open_warehouse(warehouse_path(os.environ), read_only=True) as connection:
            return [value for (value,) in connection.execute(query).fetchall()]
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return [value for (value,) in connection.execute(query).fetchall()]
    except duckdb.Error:
        raise PublicationError(
            f"{published} is not as this version of the product publishes it. Run `make refresh`, then this again."
        ) from None
