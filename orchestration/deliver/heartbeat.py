"""The dead-man signal: an address that is called after each success, and raises the alarm when calls stop."""

import httpx
from pydantic import SecretStr

from orchestration.deliver.quiet import hide_addresses

SECONDS = 10.0


def send_heartbeat(url: SecretStr) -> str:
    """Call the address. Returns why it failed, without any part of the address; "" if it succeeded."""
    hide_addresses()
    try:
        response = httpx.get(url.get_secret_value(), timeout=SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"HEARTBEAT_URL could not be called ({type(error).__name__})."
    return "" if response.is_success else f"HEARTBEAT_URL answered with status {response.status_code}."
