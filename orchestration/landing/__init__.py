"""Bytes in, rows out: cuts records from pages, finds what is new and stores it with its ledger row."""
