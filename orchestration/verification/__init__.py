"""Checks that trust nobody: of a whole warehouse, and of a proof that one record is in a sealed day."""
