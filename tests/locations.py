"""A small database of locations in MMDB form."""

from pathlib import Path

import netaddr
from mmdb_writer import MMDBWriter

BERLIN = {"country": {"iso_code": "DE"}, "location": {"latitude": 52.5, "longitude": 13.4}}
NEW_YORK = {"country": {"iso_code": "US"}, "location": {"latitude": 40.7, "longitude": -74.0}}
PLACES = {
    "203.0.113.0/24": BERLIN,
    "198.52.30.0/24": BERLIN,
    "198.52.31.0/24": NEW_YORK,
    "198.52.32.0/24": BERLIN,
    "2001:db8:1::/48": NEW_YORK,
}


def city_database(path: Path) -> Path:
    """Write the database to `path`."""
    writer = MMDBWriter(6, ipv4_compatible=True)
    for network, place in PLACES.items():
        writer.insert_network(netaddr.IPSet([network]), place)
    writer.to_db_file(str(path))
    return path
