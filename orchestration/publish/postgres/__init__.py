"""The copy of the marts in PostgreSQL."""
