"""Statements on how completely a period of a source was read, for auditors and for machines."""
