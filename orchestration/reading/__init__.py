"""Reading the feed into the warehouse: all sources side by side, one lander. Where feed and warehouse meet."""
