"""Business intelligence on the published marts: what the pipeline does not need."""
