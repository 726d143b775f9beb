"""The audit pack: the evidence of a period in one signed archive, and its check with nothing but a public key."""
