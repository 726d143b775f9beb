"""The grid, the filters and the colours of a dashboard, in Superset's format."""

from typing import Any
from uuid import UUID

from dashboards.definitions import Chart, Dashboard, Row

# By filter: the column of the datasets that it applies to.
SELECTIONS = {"organization": "organization", "person": "person"}
# By the word in `filters: time:`. Superset's own "Last year" leaves today out.
PERIODS = {"year": 'DATEADD(DATETIME("today"), -1, year) : DATEADD(DATETIME("today"), 1, day)'}
# Shows each chart's description, which Superset only gives to screen readers. Superset subtracts the header and
# its margin from the height of the chart, so the line is moved into that margin.
CSS = """\
.chart-slice [data-test="slice-header"] { margin-bottom: 24px; }
.chart-slice .dashboard-chart { margin-top: -24px; }
.chart-slice .dashboard-chart::before {
  content: attr(aria-label); display: block; height: 24px; line-height: 20px; font-size: 12px; color: #6b7280;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis;
}
"""
COLORS = {
    "critical": "#A4133C", "high": "#E8590C", "medium": "#F2B134", "low": "#7FB3D5",
    "complete": "#2F9E6E", "partial": "#F2B134", "missing": "#A4133C",
    "sealed": "#2F9E6E", "sealed again": "#7FB3D5", "not sealed": "#ADB5BD",
    "succeeded": "#2F9E6E", "refused": "#E8590C", "failed": "#A4133C", "walks": "#2F9E6E",
    "failed_walks": "#A4133C", "late": "#F2B134", "revisions": "#7FB3D5", "created": "#2F9E6E",
    "updated": "#7FB3D5", "ended": "#868E96", "active": "#2F9E6E", "success": "#2F9E6E", "failure": "#C92A2A",
}  # fmt: skip


def position(dashboard: Dashboard, chart_uuids: dict[str, UUID]) -> dict[str, Any]:
    """The grid. `chart_uuids`: by name of the chart. Ids count from 1; Superset replaces them on import."""
    rows = {f"ROW-{number}": row for number, row in enumerate(dashboard.rows, 1)}
    grid: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": list(rows), "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard.title}},
    }
    ids = chart_ids(dashboard)
    for row_id, row in rows.items():
        tiles = dict(_tile(row_id, row, place, ids, chart_uuids) for place in range(len(row.tiles)))
        grid[row_id] = {
            "id": row_id, "type": "ROW", "children": list(tiles), "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }  # fmt: skip
        grid |= tiles
    return grid


def chart_ids(dashboard: Dashboard) -> dict[str, int]:
    """A number for each chart, by its name."""
    return {chart.name: number for number, chart in enumerate(dashboard.charts, 1)}


def _tile(
    row_id: str, row: Row, place: int, ids: dict[str, int], chart_uuids: dict[str, UUID]
) -> tuple[str, dict[str, Any]]:
    tile = row.tiles[place]
    size = {"width": tile.width, "height": row.height}
    if isinstance(tile, Chart):
        kind = "CHART"
        meta = size | {"chartId": ids[tile.name], "sliceName": tile.name, "uuid": str(chart_uuids[tile.name])}
    else:
        kind, meta = "MARKDOWN", size | {"code": tile.text}
    tile_id = f"{kind}-{row_id}-{place}"
    parents = ["ROOT_ID", "GRID_ID", row_id]
    return tile_id, {"id": tile_id, "type": kind, "children": [], "parents": parents, "meta": meta}


def metadata(
    dashboard: Dashboard, columns: dict[str, dict[str, str]], dataset_uuids: dict[str, UUID]
) -> dict[str, Any]:
    """The dashboard's filters and colours."""
    ids = chart_ids(dashboard)
    period = dashboard.filters.get("time")
    filters = [_filter("time", "filter_time", {}, [], {}) | _chosen(PERIODS[period])] if period else []
    for name, column in SELECTIONS.items():
        if source := dashboard.filters.get(name):
            target = {"column": {"name": column}, "datasetUuid": str(dataset_uuids[source])}
            without = [ids[chart.name] for chart in dashboard.charts if column not in columns[chart.dataset]]
            controls = {"multiSelect": True, "searchAllOptions": True, "defaultToFirstItem": False}
            filters.append(_filter(name, "filter_select", target, without, controls))
    return {
        "native_filter_configuration": filters,
        "color_scheme": "supersetColors", "label_colors": COLORS, "cross_filters_enabled": True,
        "refresh_frequency": 0, "chart_configuration": {},
    }  # fmt: skip


def _chosen(period: str) -> dict[str, Any]:
    """A time filter's period when the page opens."""
    state = {"extraFormData": {"time_range": period}, "filterState": {"value": period}, "ownState": {}}
    return {"defaultDataMask": state}


def _filter(
    name: str, kind: str, target: dict[str, Any], without: list[int], controls: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{name}", "name": name.capitalize(), "type": "NATIVE_FILTER", "filterType": kind,
        "targets": [target], "scope": {"rootPath": ["ROOT_ID"], "excluded": without}, "cascadeParentIds": [],
        "controlValues": {"enableEmptyFilter": False, "inverseSelection": False} | controls,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}}, "description": "",
    }  # fmt: skip
