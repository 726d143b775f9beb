with

stated as (

    select
        key_id,
        key_type,
        activity_id,
        activity_type,
        event_type,
        actor_id,
        actor_type,
        actor_email,
        stated_name,
        stated_status,
        updates,
        updated_fields,
        stated_scopes,
        stated_workspace_id,
        organization_uuid,
        occurred_at,
        stated_expires_at
    from {{ ref('int_key_stated_events') }}

),

-- Deleting an organization ends every key it was known to have.
organization_ends as (

    select
        identities.key_id,
        identities.key_type,
        ends.activity_id,
        ends.activity_type,
        ends.event_type,
        ends.actor_id,
        ends.actor_type,
        ends.actor_email,
        ends.stated_name,
        ends.stated_status,
        ends.updates,
        ends.updated_fields,
        ends.stated_scopes,
        ends.stated_workspace_id,
        ends.organization_uuid,
        ends.occurred_at,
        ends.stated_expires_at
    from {{ ref('int_key_activities') }} as ends
    inner join {{ ref('int_key_identities') }} as identities
        on ends.stated_key_id = identities.organization_uuid and ends.occurred_at >= identities.first_seen_at
    where ends.key_type = 'organization'

),

final as (

    select * from stated

    union all

    select * from organization_ends

)

select * from final
