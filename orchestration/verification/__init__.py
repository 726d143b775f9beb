"""Checks that trust nobody: of a whole warehouse, and of the proof that one record is in a sealed day."""
