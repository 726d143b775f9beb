"""One request to the API, and what its response means. Knows no database.

Whether a failed request is repeated is decided in `responses`; how often, and after which wait, in `client`.
"""
