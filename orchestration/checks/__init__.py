"""Asset checks that dbt tests cannot express.

The conditions of the ledger checks are in `monitoring`, those of the job `verify` in `verification.verify`.
"""
