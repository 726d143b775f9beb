"""How the tests tamper with a sealed warehouse, and what verification then reports."""

import hashlib
from pathlib import Path

import duckdb

from orchestration.evidence import seal_file
from orchestration.evidence.ledger_sql import LEDGER_HASH, LEDGER_ROWS
from orchestration.evidence.seals import seal_expression
from orchestration.verification.verify import Verification, verify
from tests.histories import FIRST_DAY, record

FORGED = record("activity_11", FIRST_DAY, type="forged").decode()

FORGED_SHA256 = hashlib.sha256(FORGED.encode()).hexdigest()

# Every seal recomputed, as somebody would who knows how seals are made.
FORGE_CHAIN = f"""
create or replace temp table forged as
with recursive chain as (
    select * replace ({seal_expression("day_seals", "null")} as seal_sha256)
    from raw.day_seals where seal_number = 1
    union all
    select day_seals.* replace (
        chain.seal_sha256 as previous_seal_sha256,
        {seal_expression("day_seals", "chain.seal_sha256")} as seal_sha256
    )
    from chain join raw.day_seals on day_seals.seal_number = chain.seal_number + 1
)
select seal_number, previous_seal_sha256, seal_sha256 from chain;
update raw.day_seals
set previous_seal_sha256 = forged.previous_seal_sha256, seal_sha256 = forged.seal_sha256
from forged where forged.seal_number = day_seals.seal_number;
"""

# The first seal covers all that the ledger had when the fixture was sealed.
FORGE_LEDGER = f"""
update raw.extracts set content_sha256 = found.content_sha256 from (
    select extract_id, sha256(string_agg(payload_sha256, '' order by ingest_seq)) as content_sha256
    from raw.activities group by extract_id
) as found where extracts.extract_id = found.extract_id;
update raw.day_seals set ledger_sha256 = (select {LEDGER_HASH} from ({LEDGER_ROWS})) where seal_number = 1;
"""

FORGE_DAY = """
update raw.day_seals set day_sha256 = (
    select sha256(string_agg(payload_sha256, '' order by activity_id)) from raw.activities
    where created_at::date = sealed_date
) where seal_number = 2;
"""

# As the version before wrote it: seals of days alone, a ledger without numbers.
OLDER = f"""
update raw.day_seals set
    seal_format = null, last_extract_seq = null, extract_count = null, ledger_sha256 = null;
{FORGE_CHAIN}
drop table raw.doubted_extracts;
alter table raw.dropped_extracts rename to dropped_walks;
create table raw.former as select * exclude (extract_seq, revisions_sha256) from raw.extracts;
drop table raw.extracts;
alter table raw.former rename to extracts;
alter table raw.extracts add primary key (extract_id);
alter table raw.day_seals drop column seal_format;
alter table raw.day_seals drop column last_extract_seq;
alter table raw.day_seals drop column extract_count;
alter table raw.day_seals drop column ledger_sha256;
alter table raw.day_seals drop column last_walk_seq;
alter table raw.day_seals drop column walk_count;
alter table raw.day_seals drop column walks_sha256;
alter table raw.day_seals drop column merkle_root;
update raw.schema_version set version = 3;
"""


def found(path: Path, *, against: bool = False) -> Verification:
    kept = seal_file.read(path.with_name("seals.txt")) if against else None
    return verify(path, kept)


def findings(path: Path, *, against: bool = False) -> dict[str, tuple[int, str]]:
    return {
        f"{one.table} {one.name}": (one.finding_count, one.first or "")
        for one in found(path, against=against).findings
    }


def tamper(path: Path, statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statements)


def require_found(path: Path, statements: str, expected: dict[str, str]) -> None:
    """What was done is found by exactly these checks, each with these words."""
    tamper(path, statements)
    result = findings(path)
    assert result.keys() == expected.keys()
    for check, words in expected.items():
        assert words in result[check][1]
