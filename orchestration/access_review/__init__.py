"""Access reviews: who held what access on a day, as CSV and as an HTML page. Reads the published marts."""
