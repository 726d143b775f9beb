{% set days = threshold('admin_inactive', 'inactive_days', 'organization_uuid') %}

with

newest as (

    select
        min(occurred_at) as began_at,
        max(occurred_at) as newest_at
    from {{ ref('activities') }}

),

-- Recent administrators have not been idle in the role.
admins as (

    select
        principal_id as user_id,
        scope_id as organization_uuid,
        valid_from
    from {{ ref('current_members') }}
    where
        scope_type = 'organization'
        and principal_type = 'user'
        and is_in_directory
        and {{ role_rank(adapter.quote('role')) }} > 0

),

idle as (

    select
        admins.user_id,
        admins.organization_uuid,
        greatest(coalesce(activity.last_activity_at, newest.began_at), coalesce(admins.valid_from, newest.began_at))
            as idle_since,
        newest.newest_at
    from admins
    cross join newest
    left join {{ ref('user_activity_summary') }} as activity on admins.user_id = activity.user_id

),

final as (

    select
        cast(idle_since as {{ dbt.type_string() }}) as anchor,
        'user' as subject_type,
        user_id as subject_id,
        organization_uuid,
        user_id as actor_id,
        'An administrator has done nothing for ' || cast({{ days }} as {{ dbt.type_string() }}) || ' days.' as sentence,
        {{ text_array([]) }} as evidence_activity_ids,
        idle_since + {{ span(days, 'day') }} as occurred_at
    from idle
    where idle_since + {{ span(days, 'day') }} <= newest_at

)

select * from final
