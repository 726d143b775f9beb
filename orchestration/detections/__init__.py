"""Detection rules: what they are, what `detections.toml` changes of them, and what was decided about findings."""
