"""Activities and findings as OCSF events: read from schema `delivered`, written as files, sent over HTTP."""
