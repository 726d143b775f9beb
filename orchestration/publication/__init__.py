"""What analysts open: copies of the marts that are swapped in whole, and that nothing writes to afterwards.

`catalog` says what is published, `edition` which state of the warehouse that is and whether it may be
published; `database`, `parquet` and `postgres` write one set each. Building the marts is dbt's, running all this
is Dagster's.
"""
