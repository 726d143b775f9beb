"""Documents for people: statements, reviews, and pages that are generated from what the project knows."""
