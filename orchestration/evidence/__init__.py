"""What lets others check the warehouse without trusting its operator: hashes, seals, verification, attestation."""
