"""Settings from the environment and from sources.toml. The only place that names environment variables."""
