"""The dashboards fit the marts: every query binds, and dbt knows what they read. Superset is not needed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from pydantic import SecretStr

from dashboards.bundle import column_types, files
from dashboards.definitions import HERE, Chart, Dashboard, DefinitionError, Definitions, read_definitions
from dashboards.layout import PERIODS, SELECTIONS
from orchestration.assets.project import project
from orchestration.publish.edition import METADATA_TABLE, Edition, SourceCompleteness
from orchestration.publish.marts import SCHEMA, Mart, read_catalog
from orchestration.publish.pseudonyms import Pseudonyms
from orchestration.publish.sets import general

EDITION = Edition(
    published_at=datetime.now(UTC), detail_since=None, through_ingest_seq=1, activity_count=1,
    sources=(SourceCompleteness("feed", datetime.now(UTC), 0),), product_version="1", project_hash="hash",
    rebuilt_by="build", policy="policy", fingerprint="print",
)  # fmt: skip


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture(scope="module")
def marts() -> duckdb.DuckDBPyConnection:
    """The published marts as dbt's manifest describes them, empty."""
    return empty(read_catalog(project.manifest_path).marts)


def empty(marts: tuple[Mart, ...]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"create schema {SCHEMA}")
    for mart in marts:
        columns = ", ".join(f'"{column.name}" {column.data_type}' for column in mart.columns)
        connection.execute(f"create table {SCHEMA}.{mart.name} ({columns})")
    [row] = EDITION.rows()
    columns = ", ".join(f"? as {name}" for name in row)
    connection.execute(f"create table {SCHEMA}.{METADATA_TABLE} as select {columns}", list(row.values()))
    return connection


def charts_of(definitions: Definitions) -> list[tuple[Dashboard, Chart]]:
    return [(dashboard, chart) for dashboard in definitions.dashboards for chart in dashboard.charts]


def test_every_chart_query_runs_on_the_marts(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    for dashboard, chart in charts_of(definitions):
        try:
            marts.execute(chart.query(definitions.datasets[chart.dataset]))
        except duckdb.Error as error:
            pytest.fail(f"{dashboard.slug}, {chart.name}: {error}")


def test_columns_missing_in_the_general_set_are_documented(definitions: Definitions):
    key = Pseudonyms(SecretStr("k" * 32))
    connection = empty(general(read_catalog(project.manifest_path), key, Path()).marts)
    lacking = set()
    for name, dataset in definitions.datasets.items():
        try:
            connection.execute(dataset.sql)
        except duckdb.BinderException:
            lacking.add(name)
    assert lacking == {"configuration_changes", "differences", "findings"}


def test_every_metric_and_dataset_is_used(definitions: Definitions):
    used = {(chart.dataset, name) for _, chart in charts_of(definitions) for name in chart.values}
    metrics = {(dataset.name, name) for dataset in definitions.datasets.values() for name in dataset.metrics}
    assert metrics == used
    assert {chart.dataset for _, chart in charts_of(definitions)} == set(definitions.datasets)


def test_dbt_knows_what_the_dashboards_read(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    read = set().union(*(marts.get_table_names(dataset.sql) for dataset in definitions.datasets.values()))
    manifest = json.loads(project.manifest_path.read_text())
    [exposure] = [one for one in manifest["exposures"].values() if one["name"] == "compliance_dashboard"]
    assert {node.split(".")[-1] for node in exposure["depends_on"]["nodes"]} == read - {METADATA_TABLE}


def test_every_chart_states_what_it_counts(definitions: Definitions):
    for dashboard, chart in charts_of(definitions):
        assert len(chart.says.split()) >= 3, f"{dashboard.slug}, {chart.name}"


def test_each_dashboard_has_its_filters(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    columns = column_types(definitions, marts)
    for dashboard in definitions.dashboards:
        for name, source in dashboard.filters.items():
            if name in SELECTIONS:
                assert SELECTIONS[name] in columns[source], f"{dashboard.slug}: filter {name}"
    assert len(definitions.dashboards) == 7
    # That of differences shows the present state alone.
    assert [one.slug for one in definitions.dashboards if "time" not in one.filters] == ["compliance-differences"]
    assert all("organization" in one.filters for one in definitions.dashboards)


def test_no_table_renders_what_people_typed(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    bundle = files(definitions, column_types(definitions, marts), "duckdb:////x.duckdb")
    charts = [yaml.safe_load(text) for path, text in bundle.items() if path.startswith("charts/")]
    tables = [chart["params"] for chart in charts if chart["viz_type"] == "table"]
    assert tables
    assert all(params["allow_render_html"] is False for params in tables)


def test_a_dashboard_opens_with_a_period(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    bundle = files(definitions, column_types(definitions, marts), "duckdb:////x.duckdb")
    pages = [yaml.safe_load(text) for path, text in bundle.items() if path.startswith("dashboards/")]
    filters = [one for page in pages for one in page["metadata"]["native_filter_configuration"]]
    chosen = [one["defaultDataMask"] for one in filters if one["name"] == "Time"]
    assert chosen
    assert {mask["filterState"]["value"] for mask in chosen} == {PERIODS["year"]}
    assert {mask["extraFormData"]["time_range"] for mask in chosen} == {PERIODS["year"]}


def test_the_bundle_is_deterministic_and_consistent(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    columns = column_types(definitions, marts)
    bundle = files(definitions, columns, "duckdb:////published/compliance.duckdb")
    assert bundle == files(read_definitions(), columns, "duckdb:////published/compliance.duckdb")
    contents = {path: yaml.safe_load(text) for path, text in bundle.items()}
    uuids = [content["uuid"] for content in contents.values() if "uuid" in content]
    assert len(uuids) == len(set(uuids))
    charts = {one["uuid"]: one for path, one in contents.items() if path.startswith("charts/")}
    datasets = {one["uuid"] for path, one in contents.items() if path.startswith("datasets/")}
    assert {one["dataset_uuid"] for one in charts.values()} == datasets
    placed = [
        tile["meta"]["uuid"]
        for path, one in contents.items()
        if path.startswith("dashboards/")
        for tile in one["position"].values()
        if isinstance(tile, dict) and tile["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(charts)


def test_the_published_file_is_opened_read_only(definitions: Definitions, marts: duckdb.DuckDBPyConnection):
    columns = column_types(definitions, marts)
    database = yaml.safe_load(files(definitions, columns, "duckdb:////x.duckdb")["databases/compliance.yaml"])
    arguments = database["extra"]["engine_params"]["connect_args"]
    assert arguments["read_only"] is True
    assert arguments["config"]["enable_external_access"] is False
    assert not database["allow_dml"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dataset: keys", "dataset: kyes", "there is no dataset kyes"),
        ("values: [keys]", "values: [kees]", "has no metric kees"),
        ("kind: number", "kind: nmber", "kind nmber is not one of"),
        ("width: 3", "width: 4", "do not add up to 12"),
        ("width: 3", "wdith: 3", "wdith"),
    ],
)
def test_a_wrong_definition_is_reported(tmp_path, old: str, new: str, message: str):
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "datasets.yml").write_text((HERE / "datasets.yml").read_text())
    text = (HERE / "dashboards" / "keys.yml").read_text()
    assert old in text
    (tmp_path / "dashboards" / "keys.yml").write_text(text.replace(old, new, 1))
    with pytest.raises(DefinitionError, match=message):
        read_definitions(tmp_path)
