"""Reading the Activity Feed over HTTP. Knows no database and no orchestrator."""
