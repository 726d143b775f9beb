"""Alerts over real HTTP and SMTP: each once, none lost, nothing that names a person unless asked for."""

import logging
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.archive.restore import restore
from orchestration.archive.storage.store import open_store
from orchestration.archive.write import archive_days
from orchestration.config.settings import ROOT
from orchestration.config.values import ConfigurationError
from orchestration.deliver.alerts import deliver, send_test, send_unrecorded
from orchestration.deliver.conditions import RUN_FAILED, RUN_STUCK, Condition
from orchestration.deliver.receivers import open_receivers
from orchestration.evidence.seals import seal_days
from orchestration.intervals import naive_utc
from orchestration.warehouse.connection import open_warehouse
from orchestration.warehouse.errors import WarehouseError
from tests.conftest import Query
from tests.deliver.conftest import EMAIL, NOW, SECRET, Inbox, Mailbox, find, find_all, settings_of
from tests.histories import build
from tests.rows import held

FAILED = Condition(RUN_FAILED, "refresh", "high", "Job refresh failed", "Run 1234.")


def test_each_open_finding_is_sent_once(marts: Path, inbox: Inbox, query: Query):
    find(marts, 7)
    find(marts, 8, "medium")
    find(marts, 9, is_open=False)
    settings = settings_of(inbox.url)
    first = deliver(marts, settings, [], clock=lambda: NOW)
    assert (first.new_count, first.sent_count, first.waiting_count, first.minutes) == (1, 1, 0, (7.0,))
    find(marts, 3, "critical")
    second = deliver(marts, settings, [], clock=lambda: NOW)
    third = deliver(marts, settings, [], clock=lambda: NOW)
    assert (second.sent_count, third.sent_count) == (1, 0)
    assert [one["title"] for one in inbox.taken] == ["[high] Mass download", "[critical] Mass download"]
    assert inbox.paths == [f"/{SECRET}"] * 2
    for one, finding in zip(inbox.taken, ("finding_7", "finding_3"), strict=True):
        assert finding in one["message"]
        assert "docs/findings.md" in one["message"]
    rows = query(
        "select subject_id, alert_id, message_id, sent_at, attempt_count from raw.alerts order by decided_at"
    )
    assert {row[0] for row in rows} == {"finding_7", "finding_3"}
    assert all(alert == message and sent == naive_utc(NOW) and n == 1 for _, alert, message, sent, n in rows)
    assert all(any(row[1] in one["message"] for one in inbox.taken) for row in rows)


def test_a_mail_names_a_person_only_when_asked_for(marts: Path, mail: tuple[str, Mailbox]):
    url, mailbox = mail
    find(marts, 1)
    deliver(marts, settings_of(url), [], clock=lambda: NOW)
    find(marts, 2)
    deliver(marts, settings_of(url, ALERT_DETAIL="full"), [], clock=lambda: NOW)
    plain, full = ((one["subject"], one.get_body().get_content()) for one in mailbox.mails)
    assert "Mass download" in plain[0]
    assert "finding_1" in plain[1]
    assert "user_ada" in plain[1]
    for personal in (EMAIL, "Ada Byron", "downloaded a lot"):
        assert personal not in plain[1]
        assert personal in full[1]


def test_many_at_once_are_one_digest(marts: Path, inbox: Inbox, query: Query):
    find_all(marts, dict.fromkeys(range(59), "high") | {59: "critical"})
    delivery = deliver(marts, settings_of(inbox.url), [], clock=lambda: NOW)
    assert (delivery.sent_count, len(inbox.taken)) == (60, 1)
    [digest] = inbox.taken
    assert "60 alerts (1 critical, 59 high)" in digest["title"]
    assert digest["message"].startswith("[critical] Mass download: finding_59")
    assert "and 10 more" in digest["message"]
    [(ids, messages)] = query("select count(distinct alert_id), list(distinct message_id) from raw.alerts")
    assert ids == 60
    assert messages[0] in digest["message"]


def test_a_receiver_that_fails_is_tried_again_and_holds_nobody_up(
    marts: Path, inbox: Inbox, mail: tuple[str, Mailbox], query: Query, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    url, mailbox = mail
    finding = find(marts, 1)
    find(marts, 2)
    settings = settings_of(inbox.url, url)
    inbox.status = 503
    first = deliver(marts, settings, [], clock=lambda: NOW)
    assert (first.sent_count, first.waiting_count) == (2, 2)
    assert first.failures == {"json 1": "the receiver answered with status 503"}
    assert len(mailbox.mails) == 2
    # The second message was not tried: the receiver would hold the run up for each of them.
    assert len(inbox.messages) == 1
    inbox.status = 200
    second = deliver(marts, settings, [], clock=lambda: NOW + timedelta(minutes=5))
    assert (second.new_count, second.sent_count, second.failures) == (0, 2, {})
    assert len(mailbox.mails) == 2
    assert [finding in one["message"] for one in inbox.taken].count(True) == 1
    assert "earlier attempt" in "".join(one["message"] for one in inbox.taken)
    assert SECRET not in caplog.text + str(query("from raw.alerts")) + first.describe()
    assert EMAIL not in caplog.text


def test_what_a_killed_sender_leaves_is_sent_with_the_same_id(marts: Path, inbox: Inbox, query: Query):
    find(marts, 1)
    find(marts, 2)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from orchestration.config.alerts import read_alerts\n"
        "from orchestration.deliver.alerts import deliver\n"
        "deliver(Path(sys.argv[1]), read_alerts(os.environ), [])"
    )
    sender = subprocess.Popen(
        [sys.executable, "-c", code, str(marts)], cwd=ROOT, env=os.environ | {"ALERT_URLS": inbox.url}
    )
    # It dies after the message was taken, and before it can note so.
    inbox.on_message = lambda: (sender.send_signal(signal.SIGKILL), sender.wait())
    assert sender.wait(60) == -signal.SIGKILL
    inbox.on_message = lambda: None
    assert query("select count(*), count(sent_at) from raw.alerts") == [(2, 0)]
    deliver(marts, settings_of(inbox.url), [])
    deliver(marts, settings_of(inbox.url), [])
    ids = [one["message"].split("Alert ")[1] for one in inbox.taken]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert {alert for (alert,) in query("select alert_id from raw.alerts where sent_at is not null")} == set(ids)


def test_a_lasting_state_is_one_alert_until_it_begins_again(marts: Path, inbox: Inbox, query: Query):
    settings = settings_of(inbox.url)
    minutes = iter(range(10))
    for states in ([FAILED], [FAILED], [], [FAILED]):
        deliver(marts, settings, states, clock=lambda: NOW + timedelta(minutes=next(minutes) * 5))
    assert [one["title"] for one in inbox.taken] == ["[high] Job refresh failed"] * 2
    assert query("select count(distinct alert_id), count(resolved_at) from raw.alerts") == [(2, 1)]


def test_gaps_and_own_keys_are_alerts_and_other_keys_are_findings_of_medium_severity(marts: Path, inbox: Inbox):
    with open_warehouse(marts) as connection:
        for start, end, status in (("08:00", "08:10", "complete"), ("08:20", "08:30", "complete")):
            connection.execute(
                "insert into raw.extracts by name select "
                "? as extract_id, 'test' as source, 'incremental' as kind, "
                "('2026-11-30 ' || ?)::timestamp as slice_start, ('2026-11-30 ' || ?)::timestamp as slice_end, "
                "'' as query, ? as status, 1 as page_count, 0 as received_count, 0 as inserted_count, "
                "0 as duplicate_count, 0 as revision_count, 0 as late_count, slice_start as started_at, "
                "'1' as product_version, 'loopback' as feed_host",
                [start, start, end, status],
            )
        connection.execute(
            "insert into marts.compliance_reads values ('apikey_own', true), ('apikey_other', false);"
            "insert into marts.key_lifecycle values "
            "('admin_api_key_own', 'admin_api_key', true, '2026-01-01', '2026-01-01', '2026-12-05'),"
            "('apikey_other', 'platform_api_key', true, null, '2026-01-01', '2026-12-05'),"
            "('apikey_short', 'platform_api_key', true, '2026-11-20', '2026-11-20', '2026-12-01'),"
            "('apikey_later', 'platform_api_key', true, '2026-01-01', '2026-01-01', '2027-01-01')"
        )
    deliver(marts, settings_of(inbox.url), [], clock=lambda: NOW)
    assert sorted(one["title"] for one in inbox.taken) == [
        "[high] Gap in what was read of source test",
        "[high] The warehouse's own key is about to expire",
    ]
    deliver(marts, settings_of(inbox.url, ALERT_SEVERITY="medium"), [], clock=lambda: NOW)
    assert [one["title"] for one in inbox.taken[2:]] == ["[medium] A key is about to expire"]
    assert "apikey_other" in inbox.taken[2]["message"]


def test_a_stuck_run_is_sent_while_nobody_can_open_the_warehouse(marts: Path, inbox: Inbox):
    stuck = Condition(RUN_STUCK, "run-1", "high", "A run is stuck")
    with held(marts):
        with pytest.raises(WarehouseError, match="held by process"):
            deliver(marts, settings_of(inbox.url), [stuck], wait_seconds=0)
        assert send_unrecorded(settings_of(inbox.url), [stuck], NOW) == {}
    deliver(marts, settings_of(inbox.url), [stuck], clock=lambda: NOW + timedelta(hours=1))
    first, second = (one["message"] for one in inbox.taken)
    assert first.split("Alert ")[1] == second.split("Alert ")[1]


def test_a_restored_warehouse_knows_what_was_sent(path: Path, inbox: Inbox, tmp_path: Path):
    build(path)
    deliver(path, settings_of(inbox.url), [FAILED], clock=lambda: NOW)
    with open_warehouse(path) as connection:
        seal_days(connection)
    store, restored = open_store(str(tmp_path / "archive")), tmp_path / "restored.duckdb"
    archive_days(path, store)
    restore(restored, store)
    deliver(restored, settings_of(inbox.url), [FAILED], clock=lambda: NOW + timedelta(hours=1))
    assert [one["title"] for one in inbox.taken].count("[high] Job refresh failed") == 1


def test_a_test_message_says_which_receiver_failed(inbox: Inbox):
    outcomes = send_test(settings_of(inbox.url, f"json://u:{SECRET}@127.0.0.1:1/x"), NOW)
    assert outcomes["json 1"] is None
    assert outcomes["json 2"]
    assert SECRET not in outcomes["json 2"]
    assert "Nothing happened" in inbox.taken[0]["message"]


@pytest.mark.parametrize("url", [f"bogus://{SECRET}", f"slack://{SECRET}", f"mailto://{SECRET}"])
def test_an_invalid_address_is_refused_without_repeating_it(url: str, caplog: pytest.LogCaptureFixture):
    with pytest.raises(ConfigurationError) as refused:
        open_receivers(settings_of(url).urls)
    assert SECRET not in str(refused.value) + caplog.text
    assert f"{url.split(':')[0]} 1" in str(refused.value)
