"""Checks of the ledger against the clock, the rows and our own reads. Read-only."""
