"""The network of an address: `marts.activities.actor_network` against what Python's library reads."""

import ipaddress
import json
import random
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.dbt_project.builds import build_models
from tests.histories import land_days

COUNT = 6000
KNOWN = [
    ("203.0.113.77", "203.0.113.0/24"),
    ("2001:DB8:1:2:3::1", "2001:db8:1::/48"),
    ("fe80::1%eth0", "fe80::/48"),
    ("::1", "::/48"),
    ("::", "::/48"),
    ("0:0:5::", "0:0:5::/48"),
    ("1::", "1::/48"),
    ("1:2:3:4:5:6:7::", "1:2:3::/48"),
    # IPv4 inside of IPv6: mapped, and 6to4, whose first 48 bits are all of it.
    ("::ffff:203.0.113.77", "203.0.113.0/24"),
    ("::FFFF:CB00:714D", "203.0.113.0/24"),
    ("2002:cb00:714d::1", "203.0.113.0/24"),
    ("2002:cb00:714d::198.51.100.7", "203.0.113.0/24"),
    ("203.0.113.77:443", None),
    ("203.0.113", None),
    ("010.1.1.1", None),
    ("256.1.1.1", None),
    ("1.2.3.4%eth0", None),
    ("1:2:3:4:5:6:7::8", None),
    ("::1::", None),
    ("1:2", None),
    ("12345::", None),
    ("::1.2.3", None),
    (":1.2.3.4", None),
    ("::1/64", None),
    ("::1%", None),
    (" 203.0.113.77", None),
    ("unknown", None),
    ("", None),
    ("203.0.113.77\0", None),
]


def python_network(text: str) -> str | None:
    """What Python's standard library makes of a spelling."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((int(address), bits), strict=False))


def spelling(chance: random.Random) -> str:
    """One address, or nearly one, in one of its many spellings."""
    if chance.random() < 0.15:
        return ".".join(
            str(chance.choice([0, 1, 9, 10, 99, 100, 199, 255, 256, chance.randrange(300)])) for _ in "1234"
        )
    groups = [chance.choice([0, 0, 1, 0xFFFF, chance.randrange(0x10000)]) for _ in range(8)]
    if chance.random() < 0.3:
        groups[:6] = [0, 0, 0, 0, 0, 0xFFFF]
    elif chance.random() < 0.2:
        groups[0] = 0x2002
    texts = [f"{one:x}".zfill(chance.choice([1, 1, 4, 3])) for one in groups]
    if chance.random() < 0.3:
        quad = ".".join(str(one) for group in groups[6:] for one in divmod(group, 256))
        texts[6:] = [quad]
    text = ":".join(texts)
    if chance.random() < 0.6:
        first = chance.randrange(len(texts))
        last = chance.randrange(first, len(texts)) + 1
        if not any(groups[first:last]) or chance.random() < 0.2:
            text = ":".join(texts[:first]) + "::" + ":".join(texts[last:])
    if chance.random() < 0.2:
        text += chance.choice(["%eth0", "%1", "%", "%a%b", "%25en0", ":", "::", "/48", ".", "g", ":1"])
    return text.upper() if chance.random() < 0.3 else text


def record(number: int, address: str) -> bytes:
    actor = {"type": "user_actor", "user_id": "user_1", "email_address": "u@corp.example", "ip_address": address}
    return json.dumps(
        {"id": f"activity_{number:06}", "created_at": "2026-02-01T10:00:00Z", "type": "claude_chat_viewed",
         "organization_id": None, "organization_uuid": None, "actor": actor}
    ).encode()  # fmt: skip


@pytest.fixture(scope="module")
def networks(curated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """The network that the warehouse gives of each address."""
    directory = tmp_path_factory.mktemp("networks")
    path = Path(shutil.copy(curated, directory))
    chance = random.Random(5)
    addresses = [address for address, _ in KNOWN] + [spelling(chance) for _ in range(COUNT)]
    land_days(path, [record(number, address) for number, address in enumerate(addresses)])
    build_models(path, directory / "target", "--select", "+activities")
    with duckdb.connect(str(path), read_only=True) as connection:
        sql = "select actor_ip_address, actor_network from marts.activities"
        found = dict(connection.execute(sql).fetchall())
    assert set(found) == set(addresses)
    return found


@pytest.mark.parametrize(("address", "network"), KNOWN)
def test_the_network_of_an_address(networks: dict[str, str | None], address: str, network: str | None):
    assert networks[address] == network


def test_every_spelling_is_read_as_python_reads_it(networks: dict[str, str | None]):
    wrong = {
        text: (found, python_network(text)) for text, found in networks.items() if found != python_network(text)
    }
    assert not wrong, list(wrong.items())[:10]
    assert sum(network is not None for network in networks.values()) > COUNT // 2
    assert sum(network is None for network in networks.values()) > COUNT // 20
