"""Read privileges that an administrator granted on the published schema. They survive its replacement."""

import psycopg
from psycopg import sql

# Who may use the schema, read a table, or read a column. A role that is null is PUBLIC.
_GIVEN = """
with published as (select oid, nspowner, nspacl from pg_namespace where nspname = %s),
given as (
    select acl.grantee, null as table_name, null as column_name
    from published, aclexplode(nspacl) as acl
    where acl.privilege_type = 'USAGE' and acl.grantee <> nspowner
    union all
    select acl.grantee, tables.relname, null
    from published inner join pg_class as tables on tables.relnamespace = published.oid,
        aclexplode(tables.relacl) as acl
    where acl.privilege_type = 'SELECT' and acl.grantee <> tables.relowner
    union all
    select acl.grantee, tables.relname, columns.attname
    from published inner join pg_class as tables on tables.relnamespace = published.oid
    inner join pg_attribute as columns on columns.attrelid = tables.oid, aclexplode(columns.attacl) as acl
    where acl.privilege_type = 'SELECT' and acl.grantee <> tables.relowner and not columns.attisdropped
)
select roles.rolname, given.table_name, given.column_name
from given left join pg_roles as roles on given.grantee = roles.oid
where given.grantee = 0 or roles.rolname is not null
order by 1, 2 nulls first, 3
"""
_COLUMNS = """
select tables.relname, columns.attname
from pg_class as tables inner join pg_attribute as columns on columns.attrelid = tables.oid
where tables.relnamespace = %s::regnamespace and tables.relkind = 'r' and columns.attnum > 0
"""


def copy_grants(server: psycopg.Connection, published: str, following: str) -> None:
    """Grant on the schema `following` what was granted on `published`, where both have the table and column."""
    columns = server.execute(_COLUMNS, [sql.Identifier(following).as_string(server)]).fetchall()
    tables = {table for table, _ in columns}
    for role, table, column in server.execute(_GIVEN, [published]).fetchall():
        grantee = sql.Identifier(role) if role else sql.SQL("public")
        if table is None:
            statement = sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(following), grantee)
        elif column is None and table in tables:
            statement = sql.SQL("grant select on {} to {}").format(sql.Identifier(following, table), grantee)
        elif (table, column) in columns:
            statement = sql.SQL("grant select ({}) on {} to {}").format(
                sql.Identifier(column), sql.Identifier(following, table), grantee
            )
        else:
            continue
        server.execute(statement)
