"""Silences HTTP clients, which log the addresses they call: addresses of receivers hold secrets."""

import logging


def hide_addresses() -> None:
    """Have the HTTP client log no address, whatever else is logged in detail."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
