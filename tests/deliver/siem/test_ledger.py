"""What became of the ledger of deliveries after a restore and after an erasure."""

from datetime import timedelta
from pathlib import Path

from orchestration.archive.restore import restore
from orchestration.archive.storage.store import open_store
from orchestration.archive.write import archive_days
from orchestration.evidence.seals import seal_days
from orchestration.privacy.erasure import RemovalRequest, erase
from orchestration.verification.verify import verify
from orchestration.warehouse.connection import open_warehouse
from tests.conftest import Query
from tests.histories import FIRST_DAY, build, land_slice, record

_DELIVERED = "insert into raw.siem_deliveries select ?, 'sink', ?, ?, 1, 1, 1, now(), now(), 'test'"
_BUILT = """
create schema marts;
create table marts.users (user_id varchar, emails varchar[]);
insert into marts.users values ('user_01ada', ['ada@x.example']);
create schema detections;
create table detections.finding_history (finding_id varchar, evidence_activity_ids varchar[]);
insert into detections.finding_history values ('mine', ['activity_of_ada']), ('theirs', ['other']);
"""


def test_a_restored_warehouse_delivers_again_what_the_archive_did_not_have(path: Path, tmp_path: Path):
    build(path)
    with open_warehouse(path) as connection:
        for number, (first, last) in enumerate([(1, 6), (7, 12)], 1):
            connection.execute(_DELIVERED, [number, first, last])
        seal_days(connection)
    store = open_store(str(tmp_path / "archive"))
    assert archive_days(path, store).row_count == 9
    restored = tmp_path / "restored.duckdb"
    restore(restored, store)
    with open_warehouse(restored, read_only=True) as connection:
        rows = connection.execute("select first_ingest_seq, last_ingest_seq from raw.siem_deliveries").fetchall()
    assert rows == [(1, 6)]


def test_an_erasure_takes_the_findings_that_rest_on_it(path: Path, query: Query):
    ada = {"type": "user_actor", "user_id": "user_01ada", "email_address": "ada@x.example"}
    with open_warehouse(path) as connection:
        land_slice(
            connection,
            record("activity_of_ada", FIRST_DAY + timedelta(hours=1), actor=ada),
            record("other", FIRST_DAY + timedelta(hours=2)),
        )
        connection.execute(_DELIVERED, [1, None, None])
        connection.execute(_BUILT)
        connection.execute("insert into raw.siem_findings values (1, 'mine'), (1, 'mine:close'), (1, 'theirs')")
        connection.execute(
            "insert into raw.alerts by name select subject_id as alert_id, 'json 1' as receiver, kind, "
            "subject_id, 'high' as severity, '' as title, now() as decided_at, 1 as attempt_count "
            "from (values ('finding', 'mine'), ('finding', 'theirs'), ('gap', 'test')) as sent (kind, subject_id)"
        )
    assert erase(path, "user_01ada", RemovalRequest("privacy office", "request 17"))
    assert query("from raw.siem_findings") == [(1, "theirs")]
    assert query("select count(*) from raw.siem_deliveries") == [(1,)]
    assert query("select subject_id from raw.alerts order by 1") == [("test",), ("theirs",)]
    assert verify(path).findings == []
