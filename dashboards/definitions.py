"""Reads and checks `datasets.yml` and `dashboards/*.yml`. Superset's format is known to the other modules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

HERE = Path(__file__).parent
KINDS = ("number", "bars_over_time", "lines_over_time", "bars", "rows", "groups")
GRAINS = {"week": "P1W", "month": "P1M"}

_T = TypeVar("_T")


class DefinitionError(Exception):
    """An invalid definition. The message names the place and says what to do."""


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregate in SQL. `says`: what it counts."""

    sql: str
    label: str
    says: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A query on the marts. `time`: the column that the time filter applies to."""

    name: str
    sql: str
    time: str | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of one of the KINDS. `says`: what it counts; `width`: in twelfths of the page.

    `then`: columns by which rows that are equal in `sort` come, the latest first.
    """

    name: str
    kind: str
    dataset: str
    says: str
    width: int
    values: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by: str | None = None
    split: str | None = None
    where: str | None = None
    sort: str | None = None
    ascending: bool = False
    then: tuple[str, ...] = ()
    limit: int = 1000
    grain: str = "month"
    axis: str = ""
    format: str = ",~f"

    @property
    def used_columns(self) -> tuple[str, ...]:
        """The columns of the dataset that the chart uses, except those in `where`."""
        named = (
            *self.columns,
            self.by,
            self.split,
            self.sort if self.sort not in self.values else None,
            *self.then,
        )
        return tuple(dict.fromkeys(name for name in named if name))

    def query(self, dataset: Dataset) -> str:
        """The chart's SQL on its dataset, without filters and time grain."""
        over_time = [dataset.time] if dataset.time and self.kind.endswith("over_time") else []
        grouped = [*self.used_columns, *over_time]
        selected = ", ".join([*grouped, *(dataset.metrics[name].sql for name in self.values)])
        groups = f" group by {', '.join(grouped)}" if grouped and self.values else ""
        return f"select {selected} from ({dataset.sql}) as dataset where {self.where or 'true'}{groups}"


@dataclass(frozen=True, slots=True)
class Text:
    """Markdown between charts."""

    text: str
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """Tiles side by side. `height`: in units of 8 pixels."""

    height: int
    tiles: tuple[Chart | Text, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page. `filters`: the datasets that the filters for organization and person take their values from.

    The filter `time` has the period that is chosen when the page opens, such as `year`; without one there is no
    such filter.
    """

    title: str
    slug: str
    answers: str
    filters: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def charts(self) -> Iterator[Chart]:
        """Its charts, in reading order."""
        return (tile for row in self.rows for tile in row.tiles if isinstance(tile, Chart))


@dataclass(frozen=True, slots=True)
class Definitions:
    """All datasets and dashboards."""

    datasets: dict[str, Dataset]
    dashboards: tuple[Dashboard, ...]


def read_definitions(directory: Path = HERE) -> Definitions:
    """Read and check the definitions in `directory`.

    Raises:
        DefinitionError: a field is unknown or missing, or a name does not exist.
    """
    datasets = {
        name: _dataset(name, fields)
        for name, fields in yaml.safe_load((directory / "datasets.yml").read_text()).items()
    }
    pages = [yaml.safe_load(path.read_text()) for path in sorted((directory / "dashboards").glob("*.yml"))]
    dashboards = tuple(_dashboard(page) for page in pages)
    for dashboard in dashboards:
        _check(dashboard, datasets)
    return Definitions(datasets, dashboards)


def _dataset(name: str, fields: dict[str, Any]) -> Dataset:
    metrics = {
        key: _make(Metric, f"metric {name}.{key}", value) for key, value in fields.pop("metrics", {}).items()
    }
    return _make(Dataset, f"dataset {name}", fields | {"name": name, "metrics": metrics})


def _dashboard(fields: dict[str, Any]) -> Dashboard:
    slug = fields["slug"]
    rows = tuple(
        Row(row["height"], tuple(_tile(f"dashboard {slug}", tile) for tile in row["tiles"]))
        for row in fields["rows"]
    )
    return _make(Dashboard, f"dashboard {slug}", fields | {"rows": rows})


def _tile(place: str, fields: dict[str, Any]) -> Chart | Text:
    if "text" in fields:
        return _make(Text, f"{place}, a text", fields)
    lists = {name: tuple(fields.get(name, ())) for name in ("values", "columns", "then")}
    return _make(Chart, f"{place}, chart {fields.get('name')}", fields | lists)


def _make(kind: type[_T], place: str, fields: dict[str, Any]) -> _T:
    try:
        return kind(**fields)
    except TypeError as error:
        raise DefinitionError(f"In {place}: {str(error).partition('() ')[2]}. Correct the definition.") from error


def _check(dashboard: Dashboard, datasets: dict[str, Dataset]) -> None:
    for row in dashboard.rows:
        if sum(tile.width for tile in row.tiles) != 12:
            raise DefinitionError(
                f"In {dashboard.slug}: the widths of a row do not add up to 12. Correct {row.tiles[0]}."
            )
    for chart in dashboard.charts:
        place = f"{dashboard.slug}, chart {chart.name}"
        if chart.kind not in KINDS:
            raise DefinitionError(f"In {place}: kind {chart.kind} is not one of {', '.join(KINDS)}.")
        if chart.dataset not in datasets:
            raise DefinitionError(f"In {place}: there is no dataset {chart.dataset} in datasets.yml.")
        if chart.kind.endswith("over_time") and not datasets[chart.dataset].time:
            raise DefinitionError(f"In {place}: dataset {chart.dataset} has no time. Choose another kind.")
        if missing := set(chart.values) - set(datasets[chart.dataset].metrics):
            raise DefinitionError(
                f"In {place}: dataset {chart.dataset} has no metric {', '.join(sorted(missing))}."
            )
