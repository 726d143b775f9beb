"""Addresses are looked up once, in the databases that the user supplies."""

from pathlib import Path
from typing import Any

import netaddr
import pytest
from mmdb_writer import MMDBWriter

from orchestration.config.values import ConfigurationError
from orchestration.landing.locations import locate_addresses
from orchestration.warehouse.connection import open_warehouse
from tests.histories import FIRST_DAY, land_slice, record
from tests.locations import city_database


def asn_database(path: Path) -> Path:
    writer = MMDBWriter(4)
    writer.insert_network(netaddr.IPSet(["203.0.113.0/24"]), {"autonomous_system_number": 64500})
    writer.to_db_file(str(path))
    return path


def land(path: Path, number: int, *addresses: str | None) -> None:
    with open_warehouse(path) as connection:
        texts = [
            record(f"activity_{number}_{n}", FIRST_DAY, actor={"type": "user_actor", "ip_address": address})
            for n, address in enumerate(addresses)
        ]
        land_slice(connection, *texts)


def located(path: Path, city: Path | None, asn: Path | None) -> list[tuple[Any, ...]]:
    with open_warehouse(path) as connection:
        locate_addresses(connection, city, asn)
        return connection.execute(
            "select address, country, asn, latitude from raw.address_locations order by address"
        ).fetchall()


def test_each_address_is_looked_up_once_in_both_databases(path: Path, tmp_path: Path):
    city, asn = city_database(tmp_path / "city.mmdb"), asn_database(tmp_path / "asn.mmdb")
    land(path, 1, "203.0.113.7", "::ffff:203.0.113.8", "2001:db8:1::1", "192.0.2.1", "not an address", None)
    first = located(path, city, asn)
    assert first == [
        ("192.0.2.1", None, None, None),
        ("2001:db8:1::1", "US", None, 40.7),
        ("203.0.113.7", "DE", 64500, 52.5),
        ("::ffff:203.0.113.8", "DE", 64500, 52.5),
        ("not an address", None, None, None),
    ]
    # What is known stays, whatever another database says.
    land(path, 2, "203.0.113.7", "203.0.113.9")
    assert located(path, None, asn) == sorted([*first, ("203.0.113.9", None, 64500, None)])


def test_without_a_database_the_rule_is_off_and_the_run_says_so(path: Path):
    land(path, 1, "203.0.113.7")
    assert located(path, None, None) == []
    with open_warehouse(path) as connection:
        assert "impossible_travel is off" in locate_addresses(connection, None, None)


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_what_is_no_database_is_one_sentence(path: Path, tmp_path: Path, content: bytes | None):
    wrong = tmp_path / "wrong.mmdb"
    if content is not None:
        wrong.write_bytes(content)
    with (
        open_warehouse(path) as connection,
        pytest.raises(ConfigurationError, match=r"GEOIP_CITY_PATH: wrong\.mmdb"),
    ):
        locate_addresses(connection, wrong, None)
