"""What leaves the warehouse for other systems: alerts, and events for a SIEM."""
