"""Reverses pseudonyms of the general set, for holders of the key and the restricted set."""

from pathlib import Path

import duckdb
from pydantic import SecretStr

from orchestration.publish.errors import PublicationError
from orchestration.publish.manifest import DATABASE
from orchestration.publish.marts import Catalog
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import values_behind_pseudonyms
from orchestration.warehouse.connection import open_warehouse


def reveal(
    key: SecretStr, wanted: set[str], catalog: Catalog, directory: Path, warehouse: Path
) -> dict[str, list[str]]:
    """The values with the wanted pseudonyms, from the restricted set in `directory`, else from the warehouse.

    Raises:
        PublicationError: the restricted set was published by another version.
        WarehouseError: nothing is published, and the warehouse cannot be read.
    """
    return Pseudonyms(key).behind(wanted, _values(values_behind_pseudonyms(catalog), directory, warehouse))


def _values(query: str, directory: Path, warehouse: Path) -> list[str]:
    published = directory / DATABASE
    if not published.exists():
        with open_warehouse(warehouse, read_only=True) as connection:
            return [value for (value,) in connection.execute(query).fetchall()]
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            return [value for (value,) in connection.execute(query).fetchall()]
    except duckdb.Error:
        raise PublicationError(
            f"{published} was not published by this version of the product. Run `make refresh`, then try again."
        ) from None
