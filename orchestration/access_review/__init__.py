"""The access-review pack: who held what on a day, as CSV and as a page. Reads the published marts."""
