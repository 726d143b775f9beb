"""The queries of the page on BI tools run on the published PostgreSQL and give rows."""

import re
from pathlib import Path

import dagster as dg
import psycopg
from pydantic import SecretStr

from orchestration.assets.project import project
from orchestration.config.settings import ROOT
from orchestration.publish.edition import read_edition
from orchestration.publish.marts import read_catalog
from orchestration.publish.postgres.publication import publish_postgres
from orchestration.publish.sets import restricted
from orchestration.warehouse.connection import open_warehouse

PAGE = ROOT / "docs" / "bi_tools.md"
# What Grafana makes of its macros.
MACROS = {
    "$__timeGroupAlias(occurred_at, '1d')": "date_trunc('day', occurred_at) as \"time\"",
    "$__timeFilter(occurred_at)": "occurred_at between '2025-01-01' and '2027-01-01'",
}


def test_each_first_chart_has_rows(built: tuple[Path, dg.ExecuteInProcessResult], url: SecretStr):
    with open_warehouse(built[0], read_only=True) as connection:
        marts = restricted(read_catalog(project.manifest_path), built[0].parent / "published")
        publish_postgres(connection, marts, read_edition(connection, marts), url)
    queries = re.findall(r"^```sql\n(.*?);\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(queries) == 6
    with psycopg.connect(url.get_secret_value(), autocommit=True) as server:
        for query in queries:
            for macro, meaning in MACROS.items():
                query = query.replace(macro, meaning)
            assert server.execute(query).fetchall(), query
