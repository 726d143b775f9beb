"""Reads from `marts.state_agreement` how far events and directory agree."""

from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.duckdb_sql import dict_rows

# Of the organizations that the source's activities name, and what belongs to none or several of them.
_AGREEMENT = """
select
    agreement.organization_uuid as organization, organizations.organization_name, agreement.object_kind,
    agreement.compared_count, agreement.agreeing_count, agreement.difference_count, agreement.unexplained_count
from marts.state_agreement as agreement
left join marts.organizations as organizations using (organization_uuid)
where agreement.organization_uuid is null or agreement.organization_uuid in (
    select organization_uuid from raw.stored_activities where source = $source
)
order by organizations.organization_name nulls last, agreement.organization_uuid nulls last, agreement.object_kind
"""
_EXPLANATIONS = """
select explanation, count(*) as difference_count
from marts.state_differences
where organization_uuid is null or organization_uuid in (
    select organization_uuid from raw.stored_activities where source = $source
)
group by explanation
order by explanation
"""
_TABLES = """
select count(*) = 3 from duckdb_tables()
where schema_name = 'marts' and table_name in ('state_agreement', 'state_differences', 'organizations')
"""
_NOT_BUILT = "The tables are not built yet, so it is not known. Run `make refresh`, then attest again."
_NO_DIRECTORY = "No directory is read, so the tables rest on events alone and are compared with nothing."


@dataclass(frozen=True, slots=True)
class Agreement:
    """By organization and kind of object, and the explanations of the differences with their numbers.

    `remark` is a sentence where there is nothing to compare.
    """

    rows: list[dict[str, Any]]
    explanations: dict[str, int]
    remark: str | None


def read_agreement(connection: duckdb.DuckDBPyConnection, source: str) -> Agreement:
    """The agreement at the last build, of the newest complete walks."""
    [(is_built,)] = connection.execute(_TABLES).fetchall()
    if not is_built:
        return Agreement([], {}, _NOT_BUILT)
    rows = dict_rows(connection, _AGREEMENT, {"source": source})
    explanations = dict(connection.execute(_EXPLANATIONS, {"source": source}).fetchall())
    return Agreement(rows, explanations, None if rows else _NO_DIRECTORY)
