"""Settings from the environment and from `sources.toml`. The only room that names environment variables.

`settings` has one field per variable, `source_file` one per key of `sources.toml`.
"""
