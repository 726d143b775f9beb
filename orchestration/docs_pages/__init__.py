"""Generates pages of docs/: questions, findings, the data dictionary."""
