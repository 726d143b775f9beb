"""What the environment and the file of sources say. The only place that names environment variables."""
