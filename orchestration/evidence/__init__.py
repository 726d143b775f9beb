"""What lets others check the warehouse without trusting its operator: hashes, seals, and what removals leave.

What a seal covers is in `seals`: the day (`day_hash`), the ledger (`ledger_sql`), the tree of records (`merkle`).
"""
