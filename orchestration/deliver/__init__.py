"""What leaves the warehouse for other systems: alerts."""
