"""Builds the import bundle: the definitions as YAML files in Superset's format.

UUIDs are derived from names, so that importing again replaces what was imported before.
"""

import zipfile
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import duckdb
import yaml

from dashboards.charts import VIZ_TYPES, form_data
from dashboards.definitions import Chart, Dataset, Definitions
from dashboards.layout import CSS, metadata, position

DATABASE_NAME = "Compliance (published)"
VERSION = "1.0.0"
# A fixed date, so that the same definitions give the same bytes.
ZIP_DATE = (2020, 1, 1, 0, 0, 0)


def identifier(kind: str, *names: str) -> UUID:
    """A UUID that depends only on kind and names."""
    return uuid5(NAMESPACE_URL, "/".join(("compliance-warehouse", kind, *names)))


def column_types(definitions: Definitions, connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The columns of each dataset and their types (dataset: column: type), as `connection` describes them.

    Raises:
        duckdb.Error: a dataset's SQL does not fit the marts.
    """
    return {
        name: {row[0]: row[1] for row in connection.execute(f"describe {dataset.sql}").fetchall()}
        for name, dataset in definitions.datasets.items()
    }


def files(
    definitions: Definitions, columns: dict[str, dict[str, str]], uri: str, of_type: str = "Dashboard"
) -> dict[str, str]:
    """The bundle's files by path. `of_type`: `Dashboard` for the usual import, `assets` to replace."""
    contents: dict[str, Any] = {
        "metadata.yaml": {"version": VERSION, "type": of_type, "timestamp": "2020-01-01T00:00:00+00:00"},
        "databases/compliance.yaml": _database(uri),
    }
    for name, dataset in definitions.datasets.items():
        contents[f"datasets/compliance/{name}.yaml"] = _dataset(dataset, columns[name])
    dataset_uuids = {name: identifier("dataset", name) for name in definitions.datasets}
    for dashboard in definitions.dashboards:
        uuids = {chart.name: identifier("chart", dashboard.slug, chart.name) for chart in dashboard.charts}
        for number, chart in enumerate(dashboard.charts, 1):
            path = f"charts/{dashboard.slug}-{number:02}.yaml"
            contents[path] = _chart(chart, definitions.datasets[chart.dataset], uuids[chart.name])
        contents[f"dashboards/{dashboard.slug}.yaml"] = {
            "dashboard_title": dashboard.title, "description": f"Answers {dashboard.answers}.", "css": CSS,
            "slug": dashboard.slug, "published": True, "uuid": str(identifier("dashboard", dashboard.slug)),
            "position": position(dashboard, uuids), "metadata": metadata(dashboard, columns, dataset_uuids),
            "version": VERSION,
        }  # fmt: skip
    return {
        path: yaml.safe_dump(content, sort_keys=False, allow_unicode=True) for path, content in contents.items()
    }


def write_zip(contents: dict[str, str], path: Path) -> None:
    """Write the files as the ZIP that Superset imports. On a full disk an older one stays as it was."""
    draft = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in contents.items():
                bundle.writestr(zipfile.ZipInfo(f"compliance/{name}", ZIP_DATE), text, zipfile.ZIP_DEFLATED)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _database(uri: str) -> dict[str, Any]:
    # Read-only and without access to other files: anyone who may run SQL here can only read the marts.
    arguments = {"read_only": True, "config": {"enable_external_access": False, "lock_configuration": True}}
    params = {"connect_args": arguments} if uri.startswith("duckdb:") else {}
    return {
        "database_name": DATABASE_NAME, "sqlalchemy_uri": uri, "cache_timeout": None, "expose_in_sqllab": True,
        "allow_run_async": False, "allow_ctas": False, "allow_cvas": False, "allow_dml": False,
        "allow_csv_upload": False, "extra": {"engine_params": params, "allows_virtual_table_explore": True},
        "uuid": str(identifier("database")), "version": VERSION,
    }  # fmt: skip


def _dataset(dataset: Dataset, columns: dict[str, str]) -> dict[str, Any]:
    return {
        "table_name": f"compliance_{dataset.name}", "main_dttm_col": dataset.time, "schema": "marts",
        "sql": dataset.sql, "filter_select_enabled": True, "normalize_columns": False,
        "always_filter_main_dttm": False, "uuid": str(identifier("dataset", dataset.name)),
        "metrics": [
            {
                "metric_name": name, "verbose_name": metric.label, "expression": metric.sql,
                "description": metric.says,
            }
            for name, metric in dataset.metrics.items()
        ],
        "columns": [
            {
                "column_name": name, "verbose_name": dataset.labels.get(name, name.replace("_", " ").capitalize()),
                "type": kind, "is_dttm": kind.startswith(("TIMESTAMP", "DATE")), "is_active": True,
                "groupby": True, "filterable": True,
            }
            for name, kind in columns.items()
        ],
        "version": VERSION, "database_uuid": str(identifier("database")),
    }  # fmt: skip


def _chart(chart: Chart, dataset: Dataset, uuid: UUID) -> dict[str, Any]:
    return {
        "slice_name": chart.name, "description": chart.says, "viz_type": VIZ_TYPES[chart.kind],
        "params": form_data(chart, dataset), "query_context": None, "cache_timeout": None, "uuid": str(uuid),
        "version": VERSION, "dataset_uuid": str(identifier("dataset", chart.dataset)),
    }  # fmt: skip
