"""`docs/evidence.md` says how seals are computed: its worked example is redone by hand and by the product."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestration.config.settings import ROOT
from orchestration.evidence.seals import seal_days
from orchestration.warehouse.connection import open_warehouse
from tests.histories import land_slice

TEXT = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"^\$ (printf .*)\n(.*)$", TEXT, flags=re.MULTILINE)


def test_the_commands_give_what_the_document_says():
    assert len(EXAMPLE) == 11
    for command, expected in EXAMPLE:
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == expected, command


def test_the_product_seals_the_example_in_the_same_way(path: Path, query):
    payloads = [
        match[1].encode() for match in re.finditer(r"^\$ printf '%s' '(\{.*\})' \|", TEXT, flags=re.MULTILINE)
    ]
    first = datetime(2026, 5, 1, tzinfo=UTC)
    with open_warehouse(path) as connection:
        land_slice(connection, *payloads, start=first, source="compliance")
        for day in (1, 2):
            land_slice(connection, start=first + timedelta(days=day), source="compliance")
        connection.execute("delete from raw.extracts where slice_start > ?", [first.replace(tzinfo=None)])
        connection.execute(
            "update raw.extracts set extract_id = 'extract_1', slice_end = '2026-05-04', "
            "last_request_id = 'req_1', "
            "started_at = '2026-05-04 02:00:00', finished_at = '2026-05-04 02:00:01', product_version = '0.4.0', "
            "feed_host = 'api.anthropic.com'"
        )
        seal_days(connection)
    hashes = [line.split()[0] for _, line in EXAMPLE]
    assert query("select payload_sha256 from raw.activities order by activity_id") == [
        (one,) for one in hashes[:2]
    ]
    assert query(
        "select day_sha256, merkle_root, ledger_sha256, seal_sha256 from raw.day_seals order by seal_number"
    ) == [(hashes[2], hashes[5], hashes[7], hashes[8]), (hashes[9], hashes[9], hashes[9], hashes[10])]
