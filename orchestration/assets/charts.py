"""Charts for people who look at a materialization in the Dagster UI."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime

import dagster as dg


def activities_per_hour(hours: Sequence[tuple[datetime, int]]) -> dg.MarkdownMetadataValue:
    """A bar for each hour (UTC) as a picture in Markdown. `hours` are starts of hours and counts, in order."""
    # Loaded where they are needed: a second of start-up that a refresh with nothing new does without.
    import altair as alt
    import vl_convert

    bars = alt.Data(values=[{"hour": hour.isoformat(), "activities": count} for hour, count in hours])
    chart = (
        alt.Chart(bars, width=720, height=180, title="Activities per hour (UTC), the newest 7 days")
        .mark_bar()
        .encode(
            x=alt.X("utcyearmonthdatehours(hour):T", title=None, scale=alt.Scale(type="utc")),
            y=alt.Y("activities:Q", title=None),
        )
    )
    png = vl_convert.vegalite_to_png(chart.to_json(), scale=1.5)
    return dg.MetadataValue.md(f"![activities per hour](data:image/png;base64,{base64.b64encode(png).decode()})")
