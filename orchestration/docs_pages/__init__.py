"""Pages of docs/ that are generated: questions, findings, the data dictionary."""
