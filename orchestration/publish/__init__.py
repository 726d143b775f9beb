"""What analysts open: copies of the marts that are swapped in whole, and that nothing writes to afterwards.

`catalog` says what there is to publish, `sets` what becomes of it in each of the two sets (`pseudonyms`: value by
value), `edition` which state of the warehouse that is and whether it may be published; `database`, `parquet` and
`postgres` write it. Building the marts is dbt's, running all this is Dagster's.
"""
