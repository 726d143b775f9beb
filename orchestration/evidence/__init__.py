"""What lets others check the warehouse without trusting its operator: hashes, seals, and what removals leave."""
