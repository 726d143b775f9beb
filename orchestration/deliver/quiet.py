"""Silences HTTP clients, which log the addresses they call: addresses of receivers hold secrets."""

import logging


def hide_addresses() -> None:
    """Stop HTTP clients from logging addresses, at any log level."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
