"""The DuckDB file: schema `raw`, landing of pages, the ledger. Knows no HTTP and no orchestrator."""
