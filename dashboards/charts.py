"""Translates a chart's definition to the form data that Superset stores for it."""

from typing import Any

from dashboards.definitions import GRAINS, Chart, Dataset

VIZ_TYPES = {
    "number": "big_number_total",
    "bars_over_time": "echarts_timeseries_bar",
    "lines_over_time": "echarts_timeseries_line",
    "bars": "echarts_timeseries_bar",
    "rows": "table",
    "groups": "table",
}
PALETTE = "supersetColors"
TIMESTAMP = "%Y-%m-%d %H:%M"


def form_data(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    """The `params` of the chart. Metrics are named as in the dataset."""
    make = {"number": _number, "bars": _bars, "rows": _rows, "groups": _groups}.get(chart.kind, _over_time)
    common = {"viz_type": VIZ_TYPES[chart.kind], "adhoc_filters": _filters(chart, dataset), "extra_form_data": {}}
    return common | ({"granularity_sqla": dataset.time} if dataset.time else {}) | make(chart, dataset)


def _filters(chart: Chart, dataset: Dataset) -> list[dict[str, Any]]:
    filters: list[dict[str, Any]] = []
    if dataset.time:
        # An open range, which the dashboard's time filter narrows.
        filters.append({
            "clause": "WHERE", "expressionType": "SIMPLE", "subject": dataset.time, "operator": "TEMPORAL_RANGE",
            "comparator": "No filter",
        })  # fmt: skip
    if chart.where:
        filters.append({"clause": "WHERE", "expressionType": "SQL", "sqlExpression": chart.where})
    return filters


def _number(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    return {
        "metric": chart.values[0], "y_axis_format": chart.format, "header_font_size": 0.6,
    }  # fmt: skip


def _axes(chart: Chart) -> dict[str, Any]:
    return {
        "metrics": list(chart.values), "order_desc": True, "truncate_metric": True, "color_scheme": PALETTE,
        "show_legend": bool(chart.by if chart.kind != "bars" else chart.split) or len(chart.values) > 1,
        "legendType": "scroll", "legendOrientation": "top", "rich_tooltip": True, "y_axis_format": chart.format,
    }  # fmt: skip


def _over_time(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    stack = (
        {"stack": "Stack"} if chart.kind == "bars_over_time" else {"seriesType": "line", "markerEnabled": False}
    )
    return _axes(chart) | stack | {
        "x_axis": dataset.time, "time_grain_sqla": GRAINS[chart.grain], "groupby": [chart.by] if chart.by else [],
        "x_axis_time_format": "%Y-%m", "y_axis_title": chart.axis, "y_axis_title_margin": 40,
        "y_axis_title_position": "Left", "row_limit": 10_000,
    }  # fmt: skip


def _bars(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    return _axes(chart) | {
        "x_axis": chart.by, "groupby": [chart.split] if chart.split else [], "orientation": "horizontal",
        # With a split Superset sorts by a function over the parts, without one by a metric; the largest on top.
        "stack": "Stack", "x_axis_sort": "sum" if chart.split else chart.values[0], "x_axis_sort_asc": True,
        "row_limit": chart.limit,
        "show_value": not chart.split,
    }  # fmt: skip


def _table(chart: Chart) -> dict[str, Any]:
    return {
        "row_limit": chart.limit, "order_desc": not chart.ascending, "table_timestamp_format": TIMESTAMP,
        "show_cell_bars": False, "include_search": False, "page_length": 0,
        # What people call a key or project is text, never markup.
        "allow_render_html": False,
        "column_config": {
            name: {"d3NumberFormat": ".1%"} if name.startswith("share") else {"d3TimeFormat": "%Y-%m-%d"}
            for name in (*chart.columns, *chart.values)
            if name.startswith("share") or name.endswith(("_date", "_day"))
        },
    }  # fmt: skip


def _rows(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    order = [f'["{chart.sort}", {str(chart.ascending).lower()}]'] if chart.sort else []
    order += [f'["{name}", false]' for name in chart.then]
    return _table(chart) | {"query_mode": "raw", "all_columns": list(chart.columns), "order_by_cols": order}


def _groups(chart: Chart, dataset: Dataset) -> dict[str, Any]:
    return _table(chart) | {
        "query_mode": "aggregate", "groupby": list(chart.columns), "metrics": list(chart.values),
        "timeseries_limit_metric": chart.sort,
    }  # fmt: skip
