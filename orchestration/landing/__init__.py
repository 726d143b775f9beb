"""Bytes in, rows out: from the records of a page (`api.body` cuts it) to rows of schema `raw`.

`records` packs them, `envelopes` reads the columns, `dedup` finds what is new, `land` stores it with its
ledger row.
"""
