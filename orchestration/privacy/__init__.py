"""Subject reports, erasure of a person, and retention of whole days."""
