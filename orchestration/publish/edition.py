"""An edition: a state of the warehouse that may be published, and how far it is proven complete.

A gap in the ledger does not prevent an edition; each source's completeness is part of it. A failed build prevents
one: analysts keep the previous edition.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import orjson

from orchestration import __version__
from orchestration.intervals import Interval, naive_utc
from orchestration.publish.errors import PublicationError
from orchestration.publish.marts import SCHEMA, Catalog
from orchestration.publish.sets import PublishedSet
from orchestration.warehouse.builds import last_build
from orchestration.warehouse.ledger import coverage, not_proven

# The table that each set has besides the marts: one row per source.
METADATA_TABLE = "_published"


@dataclass(frozen=True, slots=True)
class SourceCompleteness:
    """How far one source is complete: no gap up to `complete_through`, which is None if nothing is proven."""

    source: str
    complete_through: datetime | None
    gap_count: int


@dataclass(frozen=True, slots=True)
class Edition:
    """A state of the warehouse as one set publishes it.

    Editions with the same `fingerprint` are identical. Under the same `policy`, equal rows look the same.
    """

    published_at: datetime
    detail_since: date | None
    through_ingest_seq: int
    activity_count: int
    sources: tuple[SourceCompleteness, ...]
    product_version: str
    project_hash: str
    rebuilt_by: str
    policy: str
    fingerprint: str

    @property
    def complete_through(self) -> datetime | None:
        """How far all sources are complete; None if any of them is not proven at all."""
        moments = [state.complete_through for state in self.sources]
        return min((moment for moment in moments if moment), default=None) if all(moments) else None

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the table `_published`; times are naive and in UTC."""
        states = self.sources or (SourceCompleteness("", None, 0),)
        return [
            {
                "published_at": naive_utc(self.published_at),
                "source": state.source or None,
                "complete_through": state.complete_through and naive_utc(state.complete_through),
                "gap_count": state.gap_count,
                "detail_since": self.detail_since,
                "through_ingest_seq": self.through_ingest_seq,
                "activity_count": self.activity_count,
                "product_version": self.product_version,
                "project_hash": self.project_hash,
                "fingerprint": self.fingerprint,
            }
            for state in states
        ]


def read_edition(connection: duckdb.DuckDBPyConnection, published: PublishedSet) -> Edition:
    """The edition of the warehouse's current state, for one set.

    Raises:
        PublicationError: marts are missing, failed their checks, or do not come from one finished build.
    """
    catalog = published.built
    _require_marts(connection, catalog)
    # `own_count` is part of the fingerprint: rows published before can turn out to be our own reads.
    [(through, stored, own_count, count)] = connection.execute(
        "select coalesce(max(ingest_seq), 0), count(*), count(case when is_own_read then 1 end), "
        "count(case when occurred_at >= coalesce(cast(? as date), '-infinity') then 1 end) "
        f"from {SCHEMA}.activities",
        [published.since],
    ).fetchall()
    rebuilt_by = require_good_build(connection, catalog)
    names = connection.execute("select distinct source from raw.extracts order by 1").fetchall()
    sources, gaps = [], []
    for (name,) in names:
        state, open_intervals = _source_state(connection, name)
        sources.append(state)
        gaps += [f"{name} {interval}" for interval in open_intervals]
    ledger = _ledger_facts(connection)
    # New walks, decisions or changed rules are a new build as well, without any new activity.
    build = last_build(connection)
    built_at = build.built_at.isoformat() if build else None
    facts = (through, stored, own_count, rebuilt_by, built_at, gaps, ledger, catalog.project_hash, __version__,
             published.policy, published.since)  # fmt: skip
    return Edition(
        published_at=datetime.now(UTC),
        detail_since=published.since,
        through_ingest_seq=through,
        activity_count=count,
        sources=tuple(sources),
        product_version=__version__,
        project_hash=catalog.project_hash,
        rebuilt_by=rebuilt_by,
        policy=published.policy,
        fingerprint=hashlib.sha256(orjson.dumps(facts)).hexdigest(),
    )


def _require_marts(connection: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    built: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = ? order by 1, column_index",
        [SCHEMA],
    ).fetchall():
        built.setdefault(table, []).append(column)
    for mart in catalog.marts:
        if sorted(built.get(mart.name, [])) != sorted(mart.column_names):
            raise PublicationError(
                f"{SCHEMA}.{mart.name} does not have the columns of this version. Run `make refresh`, or "
                "`make rebuild` if columns have changed; what was published before stays."
            )


def require_good_build(connection: duckdb.DuckDBPyConnection, catalog: Catalog, done: str = "published") -> str:
    """Require that no build since the last one of all marts failed. Returns the id of the last full rebuild.

    `done`: the action that would be taken on the marts, for the message.

    Raises:
        PublicationError: a build failed, was interrupted, or none has finished.
    """
    kept = f"so nothing was {done}; what was {done} before stays."
    builds = connection.execute(
        "select build_id, mart_count, is_full_refresh, through_ingest_seq, failed_nodes from raw.dbt_runs "
        "order by rowid desc"
    ).fetchall()
    for _, mart_count, _, _, failed in builds:
        if failed:
            more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
            raise PublicationError(
                f"The last build failed in {failed[0]}{more}, {kept} Fix it, then run `make refresh`."
            )
        if mart_count >= len(catalog.marts):
            break
    else:
        raise PublicationError(f"No build of all marts has finished, {kept} Run `make refresh`.")
    [(through,)] = connection.execute(f"select coalesce(max(ingest_seq), 0) from {SCHEMA}.activities").fetchall()
    if builds[0][3] != through:
        raise PublicationError(
            f"A build was interrupted and the marts are not of one build, {kept} Run `make refresh`."
        )
    return next((build_id for build_id, _, is_full_refresh, *_ in builds if is_full_refresh), "")


def _source_state(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[SourceCompleteness, list[Interval]]:
    covered, gaps = coverage(connection, name), sorted(not_proven(connection, name))
    if not covered:
        return SourceCompleteness(name, None, len(gaps)), gaps
    through = min([covered[-1].end, *(gap.start for gap in gaps)])
    return SourceCompleteness(name, through if through > covered[0].start else None, len(gaps)), gaps


def _ledger_facts(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Facts of the ledger that marts show and that change without new activities."""
    [facts] = connection.execute(
        "select (select count(*) from raw.activity_revisions), (select count(*) from raw.day_seals), "
        "(select cast(max(slice_end) as date)::varchar from raw.extracts where status = 'complete')"
    ).fetchall()
    return list(facts)
