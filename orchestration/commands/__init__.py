"""Commands that need no run of Dagster, one module a subject: each adds its parsers and sets `run` on them."""
