{#- Read by several models of differences; as a table its windows are computed once. -#}
{{ config(materialized='table') }}

with

-- A walk that no longer shows a scope shows that it has no members.
walks as (

    select
        scope_type,
        scope_id,
        list_key,
        walk_id,
        started_at,
        finished_at
    from {{ ref('int_membership_walks') }}

    union all

    select
        absences.scope_type,
        absences.scope_id,
        cast(null as {{ dbt.type_string() }}) as list_key,
        absences.walk_id,
        absences.absent_at as started_at,
        absences.finished_at
    from {{ ref('int_membership_scope_absences') }} as absences
    where exists (
            select 1 from {{ ref('int_membership_walks') }} as covered
            where
                covered.scope_type = absences.scope_type
                and covered.scope_id = absences.scope_id
                and covered.started_at < absences.absent_at
        )

),

final as (

    select
        *,
        row_number() over (partition by scope_type, scope_id order by started_at desc, walk_id desc) = 1
            as is_newest_of_scope,
        row_number() over (partition by list_key order by started_at desc, walk_id desc) = 1
        and list_key is not null as is_newest_of_list,
        lag(started_at) over (partition by scope_type, scope_id order by started_at, walk_id)
            as previous_started_at
    from walks

)

select * from final
