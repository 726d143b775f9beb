{{ config(materialized='view') }}

{%- set far_past = "cast('0001-01-01' as " ~ dbt.type_timestamp() ~ ")" -%}
{%- set far_future = "cast('9999-12-31' as " ~ dbt.type_timestamp() ~ ")" %}

with

periods as (

    select
        scope_type,
        scope_id,
        principal_type,
        principal_id,
        coalesce(valid_from, {{ far_past }}) as held_from,
        coalesce(valid_to, {{ far_future }}) as held_until
    from {{ ref('membership_periods') }}
    where
        scope_type in ('group', 'rbac_role')
        or (scope_type like '%~_role' escape '~' and lower({{ adapter.quote('role') }}) like '%admin%')

),

final as (

    select
        principal_id as user_id,
        cast(null as {{ dbt.type_string() }}) as group_id,
        scope_type,
        scope_id,
        held_from,
        held_until
    from periods
    where scope_type <> 'group' and principal_type = 'user'

    union all

    select
        members.principal_id as user_id,
        members.scope_id as group_id,
        group_roles.scope_type,
        group_roles.scope_id,
        greatest(members.held_from, group_roles.held_from) as held_from,
        least(members.held_until, group_roles.held_until) as held_until
    from periods as members
    inner join periods as group_roles on members.scope_id = group_roles.principal_id
    where
        members.scope_type = 'group'
        and members.principal_type = 'user'
        and group_roles.scope_type <> 'group'
        and group_roles.principal_type = 'group'
        and greatest(members.held_from, group_roles.held_from) < least(members.held_until, group_roles.held_until)

)

select * from final
