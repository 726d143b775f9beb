"""Looks up IP addresses in the user's MMDB databases, into `raw.address_locations`.

Each address of an activity is looked up once, before the tables are built, and keeps what was found then, because
addresses change hands. Nothing is downloaded. Without a database the table has no row.
"""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import maxminddb
import pyarrow as pa

from orchestration.config.values import ConfigurationError
from orchestration.duckdb_sql import registered
from orchestration.intervals import naive_utc

# A removal drops the table, so that it never keeps an address longer than the activities do.
_NEW = """
select address, max(ingest_seq) as ingest_seq
from (
    select try(json_extract_string(payload, '$.actor.ip_address')) as address, ingest_seq
    from raw.activities
    where ingest_seq > (select coalesce(max(ingest_seq), 0) from raw.address_locations)
)
where address is not null
group by address
"""
_COLUMNS = ("country", "asn", "latitude", "longitude")


def locate_addresses(connection: duckdb.DuckDBPyConnection, city_path: Path | None, asn_path: Path | None) -> str:
    """Look up the addresses of new activities; returns a sentence on it. Nothing is looked up without a database.

    `city_path`: a database of cities or countries. `asn_path`: one of autonomous systems.

    Raises:
        ConfigurationError: a file is not such a database.
    """
    paths = {"GEOIP_CITY_PATH": city_path, "GEOIP_ASN_PATH": asn_path}
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(_opened(name, path)) for name, path in paths.items() if path]
        if not readers:
            return (
                "No database of locations: actor_country and actor_asn stay empty, and the rule impossible_travel "
                "is off. Name databases with GEOIP_CITY_PATH and GEOIP_ASN_PATH."
            )
        rows = connection.execute(
            f"select * from ({_NEW}) where address not in (select address from raw.address_locations)"
        ).fetchall()
        now = naive_utc(datetime.now(UTC))
        found = [
            {"address": address, **_located(address, readers), "ingest_seq": seq, "located_at": now}
            for address, seq in rows
        ]
    if found:
        new = pa.Table.from_pylist(found, schema=_schema())
        with registered(connection, "new_locations", new):
            connection.execute("insert into raw.address_locations by name from new_locations")
    without_travel = "" if city_path else " Without GEOIP_CITY_PATH the rule impossible_travel is off."
    return f"{len(found)} new addresses were looked up.{without_travel}"


def _schema() -> pa.Schema:
    return pa.schema(
        [
            ("address", pa.string()),
            ("country", pa.string()),
            ("asn", pa.int64()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("ingest_seq", pa.int64()),
            ("located_at", pa.timestamp("us")),
        ]
    )


@contextlib.contextmanager
def _opened(name: str, path: Path) -> Iterator[maxminddb.Reader]:
    try:
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError):
        raise ConfigurationError(
            f"{name}: {path.name} is not a database in MMDB form that can be read. Name one, or unset {name}."
        ) from None
    with reader:
        yield reader


def _located(text: str, readers: list[maxminddb.Reader]) -> dict[str, Any]:
    location: dict[str, Any] = dict.fromkeys(_COLUMNS)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return location
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    for reader in readers:
        # An IPv4-only database refuses other addresses.
        with contextlib.suppress(ValueError, maxminddb.InvalidDatabaseError):
            record = reader.get(address)
            if isinstance(record, Mapping):
                location |= {name: value for name, value in _read(record).items() if value is not None}
    return location


def _read(record: Mapping[str, Any]) -> dict[str, Any]:
    place, country = record.get("location"), record.get("country") or record.get("registered_country")
    place = place if isinstance(place, Mapping) else {}
    country = country.get("iso_code") if isinstance(country, Mapping) else country
    latitude, longitude = place.get("latitude"), place.get("longitude")
    is_placed = isinstance(latitude, float | int) and isinstance(longitude, float | int)
    asn = record.get("autonomous_system_number")
    return {
        "country": country if isinstance(country, str) else None,
        "asn": asn if isinstance(asn, int) else None,
        "latitude": float(latitude) if is_placed else None,
        "longitude": float(longitude) if is_placed else None,
    }
