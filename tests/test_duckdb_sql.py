"""Arrow tables that statements read, and what is said when a statement fails."""

import duckdb
import pyarrow as pa
import pytest

from orchestration.duckdb_sql import registered, transaction


def test_a_failure_in_a_transaction_is_the_one_that_is_raised():
    """A failed statement aborts the transaction, in which nothing can be unregistered."""
    with duckdb.connect() as connection:
        connection.execute("create table kept (id integer primary key); insert into kept values (1)")
        with (
            pytest.raises(duckdb.ConstraintException, match="Duplicate key"),
            transaction(connection),
            registered(connection, "rows", pa.table({"id": [1]})),
        ):
            connection.execute("insert into kept from rows")
        with pytest.raises(duckdb.CatalogException):
            connection.execute("from rows")
