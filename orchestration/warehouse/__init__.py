"""The DuckDB file: connection, schema `raw`, ledger, sources, builds. Knows no HTTP and no orchestrator."""
