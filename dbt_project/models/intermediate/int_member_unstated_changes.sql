{% set role = adapter.quote('current_role') %}

with

changes as (

    select * from {{ ref('membership_changes') }}

),

emails as (

    select distinct
        user_id,
        lower(email) as email
    from {{ ref('int_user_observations') }}
    where email is not null

),

-- Events that leave out whom or what they concern.
final as (

    select
        changes.scope_type,
        changes.scope_id,
        emails.user_id as principal_id,
        case when changes.change_type = 'added' then 'only_in_directory' else 'only_in_events' end as difference_kind,
        changes.occurred_at
    from changes
    left join emails on lower(changes.principal_email) = emails.email
    where
        changes.principal_id is null
        and changes.change_type in ('added', 'removed')
        and (changes.principal_email is null or emails.user_id is not null)

    union all

    select
        scope_type,
        scope_id,
        principal_id,
        'role_differs' as difference_kind,
        occurred_at
    from changes
    where change_type = 'role_changed' and {{ role }} is null and principal_id is not null

    union all

    -- A failed change of several members may have been made in part.
    select
        'group' as scope_type,
        stated_group_id as scope_id,
        cast(null as {{ dbt.type_string() }}) as principal_id,
        case activity_type
            when 'group_member_addition_failed' then 'only_in_directory' else 'only_in_events'
        end as difference_kind,
        occurred_at
    from {{ ref('int_membership_activities') }}
    where activity_type in ('group_member_addition_failed', 'group_member_removal_failed')

)

select * from final
