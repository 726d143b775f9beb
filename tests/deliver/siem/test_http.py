"""Events over HTTP: what is acknowledged is not sent again, and what is not is."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.config.siem import read_siem
from orchestration.config.values import ConfigurationError
from orchestration.deliver.siem import http, run
from orchestration.deliver.siem.ledger import Amount
from tests.conftest import Query
from tests.deliver.siem.conftest import add_activities, deliver_to
from tests.http_servers import Asked, Server

TOKEN = "11111111-aaaa-bbbb-cccc-222222222222"


class Collector(Server):
    """A receiver over real HTTP. `answers` come first, in order; afterwards it takes everything.

    An answer is a status, or a status and what its body says.
    """

    def __init__(self) -> None:
        self.answers: list[int | tuple[int, dict[str, Any]]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        super().__init__(self._reply)
        self.url = f"http://{self.host}/services/collector/event"

    def _reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        self.requests.append((asked.path, asked.headers, asked.body))
        answer = self.answers.pop(0) if self.answers else 200
        status, content = answer if isinstance(answer, tuple) else (answer, {"text": "Success", "code": 0})
        return status, {"location": "/elsewhere"} if status == 307 else {}, json.dumps(content).encode()

    def uids(self) -> list[list[str]]:
        """The ids of the events of each request to the collector."""
        bodies = [body for path, _, body in self.requests if path.startswith("/services/collector/event")]
        return [[json.loads(line)["event"]["metadata"]["uid"] for line in body.splitlines()] for body in bodies]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that runs."""
    with Collector() as made:
        yield made


@pytest.fixture
def environment(collector: Collector) -> dict[str, str]:
    """The environment that sends to the collector."""
    return {"SIEM_URL": collector.url, "SIEM_TOKEN": TOKEN}


def numbered(first: int, last: int) -> list[str]:
    return [f"activity_{number}" for number in range(first, last + 1)]


def test_events_go_to_the_collector_once(filled: Path, collector: Collector, environment: dict[str, str]):
    assert deliver_to(filled, environment).amount.events == 11
    assert deliver_to(filled, environment).amount == Amount()
    assert collector.uids() == [numbered(1, 10), ["finding"]]
    _, headers, body = collector.requests[0]
    assert headers["authorization"] == f"Splunk {TOKEN}"
    event = json.loads(body.splitlines()[0])
    assert (event["time"], event["source"], event["sourcetype"]) == (
        1777593601.0, "claude:activity_feed", "ocsf:claude:activity_feed",
    )  # fmt: skip
    assert event["event"]["unmapped"]["number"] == 1


def test_a_receiver_of_json_gets_arrays(
    filled: Path, collector: Collector, environment: dict[str, str], tmp_path: Path
):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    del environment["SIEM_TOKEN"]
    deliver_to(filled, environment | {"SIEM_URL_FORMAT": "json", "SIEM_TOKEN_FILE": str(tmp_path / "token")})
    _, headers, body = collector.requests[0]
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert [event["metadata"]["uid"] for event in json.loads(body)] == numbered(1, 10)


def test_what_was_acknowledged_before_a_failure_is_not_sent_again(
    filled: Path, collector: Collector, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, query: Query
):
    monkeypatch.setattr(http, "MAX_BATCH_EVENTS", 4)
    collector.answers = [200, 400]
    outcome = deliver_to(filled, environment)
    shown = collector.url.removesuffix("/services/collector/event")
    assert outcome.error == f"{shown} refused the events (status 400). Check SIEM_URL and SIEM_URL_FORMAT."
    assert query("select last_ingest_seq, event_count from raw.siem_deliveries") == [(4, 4)]
    add_activities(filled, 11, 11)
    assert deliver_to(filled, environment).amount.events == 8
    assert collector.uids() == [
        numbered(1, 4), numbered(5, 8), numbered(5, 8), numbered(9, 11), ["finding"],
    ]  # fmt: skip


def test_a_run_that_was_killed_before_the_acknowledgement_sends_the_same_again(
    filled: Path, collector: Collector, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "acknowledge", die)
        with pytest.raises(KeyboardInterrupt):
            deliver_to(filled, environment)
    add_activities(filled, 11, 11)
    deliver_to(filled, environment)
    assert collector.uids() == [numbered(1, 10), numbered(1, 10), ["activity_11"], ["finding"]]


def test_a_busy_receiver_is_asked_again(filled: Path, collector: Collector, environment: dict[str, str]):
    collector.answers = [503, 429, 200]
    assert deliver_to(filled, environment).error is None
    collector.answers = [503] * 3
    add_activities(filled, 11, 11)
    outcome = deliver_to(filled, environment)
    assert outcome.error is not None
    assert "did not take the events: status 503; gave up after 3 attempts. Nothing is lost" in outcome.error
    assert deliver_to(filled, environment).amount.events == 1


def test_what_is_too_large_for_the_receiver_comes_in_smaller_requests(
    filled: Path, collector: Collector, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "MAX_BATCH_EVENTS", 2)
    collector.answers = [413, 200, 413, 200]
    assert deliver_to(filled, environment).amount.events == 11
    assert collector.uids()[:4] == [numbered(1, 2), numbered(1, 1), numbered(2, 2), numbered(2, 2)]
    bodies = [json.loads(body.splitlines()[0])["event"] for _, _, body in collector.requests[:4]]
    assert ["unmapped" in event for event in bodies] == [True, True, True, False]
    collector.answers = [413, 413]
    add_activities(filled, 11, 11)
    assert "takes no event of" in (deliver_to(filled, environment).error or "")


def test_indexers_acknowledge_before_the_cursor_moves(
    filled: Path, collector: Collector, environment: dict[str, str], query: Query
):
    waiting, there = (200, {"acks": {"7": False}}), (200, {"acks": {"7": True}})
    collector.answers = [(200, {"ackId": 7}), waiting, waiting, waiting]
    outcome = deliver_to(filled, environment)
    assert outcome.error is not None
    assert "the indexers have not acknowledged them" in outcome.error
    assert query("select count(*) from raw.siem_deliveries where delivered_at is not null") == [(0,)]
    collector.requests.clear()
    collector.answers = [(200, {"ackId": 7}), waiting, there, (200, {"ackId": 7}), there]
    assert deliver_to(filled, environment).amount.events == 11
    path, headers, body = collector.requests[1]
    assert (path, json.loads(body)) == ("/services/collector/ack", {"acks": [7]})
    assert headers["x-splunk-request-channel"] == collector.requests[0][1]["x-splunk-request-channel"]


@pytest.mark.parametrize("status", [401, 403, 307])
def test_no_message_and_no_table_has_the_token(
    filled: Path,
    collector: Collector,
    environment: dict[str, str],
    query: Query,
    status: int,
    caplog: pytest.LogCaptureFixture,
):
    collector.answers = [status]
    environment["SIEM_URL"] = f"{collector.url}/services/h1dden?secret=hidden"
    with caplog.at_level(logging.DEBUG):
        outcome = deliver_to(filled, environment)
    assert outcome.error is not None
    assert len(collector.requests) == 1
    stored = query("select sink from raw.siem_deliveries")
    everything = outcome.error + str(stored) + repr(outcome) + repr(read_siem(environment)) + caplog.text
    for secret in (TOKEN, "hidden", "h1dden"):
        assert secret not in everything


@pytest.mark.parametrize(
    "url", ["http://example.com/h1dden", "h1dden", "https://h1dden@example.com", "ftp://x/h1dden"]
)
def test_an_address_that_makes_no_sense_is_not_repeated(environment: dict[str, str], url: str):
    with pytest.raises(ConfigurationError, match="SIEM_URL is not an https address") as refused:
        read_siem(environment | {"SIEM_URL": url})
    assert "h1dden" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"SIEM_TOKEN": ""}, "SIEM_TOKEN is not set. Set the token of the HTTP Event Collector."),
        ({"SIEM_URL_FORMAT": "syslog"}, "SIEM_URL_FORMAT is 'syslog'. Use hec or json."),
        ({"SIEM_PATH": "out", "SIEM_FORMAT": "csv"}, "SIEM_FORMAT is 'csv'. Use ndjson or parquet."),
        ({"SIEM_PATH": "out", "SIEM_ACCOUNT": "a/b"}, "SIEM_ACCOUNT is 'a/b'. Use the number of an account, or"),
    ],
)
def test_what_is_configured_wrongly_is_one_sentence(
    environment: dict[str, str], wrong: dict[str, str], sentence: str
):
    with pytest.raises(ConfigurationError) as refused:
        read_siem(environment | wrong)
    assert sentence in str(refused.value)


def test_without_a_path_and_a_url_nothing_is_configured():
    assert read_siem({"SIEM_TOKEN": TOKEN, "SIEM_FORMAT": "parquet"}) is None
