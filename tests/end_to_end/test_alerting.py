"""Alerts of the whole pipeline: what the marts call severe is sent once the marts are built."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from orchestration.deliver.messages import MAX_MESSAGES
from tests.deliver.conftest import Inbox


def test_a_refresh_sends_its_severe_findings(built: tuple[Path, Any], alerted: Inbox):
    path, result = built
    with duckdb.connect(str(path), read_only=True) as connection:
        severe = connection.execute(
            "select finding_id, severity from marts.findings "
            "where is_supported and severity in ('critical', 'high')"
        ).fetchall()
        sent = connection.execute(
            "select subject_id, severity from raw.alerts where kind = 'finding' and sent_at is not null"
        ).fetchall()
        emails = connection.execute("select unnest(emails) from marts.users").fetchall()
    assert sorted(sent) == sorted(severe)
    assert severe
    # More than twenty at once are one.
    assert len(alerted.messages) == (1 if len(severe) > MAX_MESSAGES else len(severe))
    text = "".join(message["title"] + message["message"] for message in alerted.messages)
    assert not [email for (email,) in emails if email in text]
    metadata = result.asset_materializations_for_node("delivered__alerts")[0].metadata
    assert metadata["sent"] == dg.MetadataValue.int(len(severe))
    assert metadata["waiting"] == dg.MetadataValue.int(0)
