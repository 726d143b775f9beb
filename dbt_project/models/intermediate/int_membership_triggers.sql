{#- Read twice by the observations; as a table it is computed once. -#}
{{ config(materialized='table') }}

with

memberships as (

    select * from {{ ref('int_memberships') }}
    where fold = 'complete'

),

events as (

    select
        membership_key,
        activity_id,
        change_type,
        effect,
        new_role,
        occurred_at
    from {{ ref('int_membership_first_events') }}

    union all

    select
        membership_key,
        activity_id,
        change_type,
        'end' as effect,
        cast(null as {{ dbt.type_string() }}) as new_role,
        occurred_at
    from {{ ref('int_membership_email_candidates') }}

    union all

    select
        memberships.membership_key,
        cast(null as {{ dbt.type_string() }}) as activity_id,
        'absent_from_directory' as change_type,
        'end' as effect,
        cast(null as {{ dbt.type_string() }}) as new_role,
        absences.absent_at as occurred_at
    from {{ ref('int_membership_scope_absences') }} as absences
    inner join memberships
        on
            (absences.scope_type = memberships.scope_type and absences.scope_id = memberships.scope_id)
            or (absences.scope_type = 'organization' and absences.scope_id = memberships.organization_uuid)

),

-- What may end a stay in an organization, and with it the user's other stays.
organization_ends as (

    select
        memberships.principal_id,
        memberships.organization_uuid,
        events.activity_id,
        events.occurred_at
    from events
    inner join memberships on events.membership_key = memberships.membership_key
    where events.effect = 'end' and memberships.scope_type = 'organization' and memberships.principal_type = 'user'

    union all

    select
        principal_id,
        scope_id as organization_uuid,
        cast(null as {{ dbt.type_string() }}) as activity_id,
        observed_at as occurred_at
    from {{ ref('int_membership_listings') }}
    where scope_type = 'organization' and not is_present

),

final as (

    select events.* from events
    inner join memberships on events.membership_key = memberships.membership_key

    union all

    select
        memberships.membership_key,
        organization_ends.activity_id,
        'membership_ended' as change_type,
        'end' as effect,
        cast(null as {{ dbt.type_string() }}) as new_role,
        organization_ends.occurred_at
    from organization_ends
    inner join memberships on organization_ends.principal_id = memberships.principal_id
    where
        memberships.principal_type = 'user'
        and memberships.scope_type in ('group', 'workspace')
        and coalesce(memberships.organization_uuid = organization_ends.organization_uuid, true)

)

select * from final
