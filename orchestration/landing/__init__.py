"""Bytes in, rows out: from pages to rows of schema `raw`.

`records` cuts a page, `envelopes` reads the columns, `dedup` finds what is new, `land` stores it with its ledger
row.
"""
