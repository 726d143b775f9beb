{# An organization that has left the directory keeps its last name. #}
with

listed as (

    select
        object_id as organization_uuid,
        {{ value_at_last(adapter.quote('name'), 'valid_from') }} as organization_name,
        max(case when is_current then 1 else 0 end) = 1 as is_in_directory
    from {{ ref('directory_objects') }}
    where object_type = 'organization'
    group by object_id

),

seen as (

    select
        organization_uuid,
        first_activity_at
    from {{ ref('int_organization_first_activities') }}

),

members as (

    select
        scope_id as organization_uuid,
        count(distinct principal_id) as member_count,
        count(
            distinct case when {{ is_admin_role(adapter.quote('role')) }} then principal_id end
        ) as administrator_count
    from {{ ref('current_members') }}
    where scope_type = 'organization' and principal_type = 'user'
    group by scope_id

),

active_keys as (

    select
        organization_uuid,
        count(*) as active_key_count
    from {{ ref('key_lifecycle') }}
    where is_active and organization_uuid is not null
    group by organization_uuid

),

known as (

    select organization_uuid from listed
    union
    select organization_uuid from seen
    union
    select organization_uuid from members

),

final as (

    select
        known.organization_uuid,
        listed.organization_name,
        listed.is_in_directory,
        seen.first_activity_at,
        coalesce(members.member_count, 0) as member_count,
        coalesce(members.administrator_count, 0) as administrator_count,
        coalesce(active_keys.active_key_count, 0) as active_key_count
    from known
    left join listed on known.organization_uuid = listed.organization_uuid
    left join seen on known.organization_uuid = seen.organization_uuid
    left join members on known.organization_uuid = members.organization_uuid
    left join active_keys on known.organization_uuid = active_keys.organization_uuid

)

select * from final
