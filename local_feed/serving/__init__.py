"""The HTTP side of the local feed: parameters, keys, cursors, quota, faults and the application."""
