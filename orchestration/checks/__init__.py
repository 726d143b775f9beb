"""What dbt cannot check: the ledger against the clock and the rows, own reads, the documented contract.

Thin shells: what is claimed and how it is judged stands in `warehouse.audit`, `warehouse.canary` and `contract`.
"""
