with

stated as (

    select
        activity_id,
        organization_uuid,
        stated_workspace_id,
        actor_id,
        stated_key_id,
        key_type,
        event_type,
        activity_type,
        actor_type,
        actor_email,
        stated_name,
        stated_status,
        updates,
        updated_fields,
        stated_scopes,
        stated_owner_type,
        stated_owner_id,
        occurred_at,
        stated_expires_at,
        {{ key_group('key_type', 'stated_key_id') }} as key_group
    from {{ ref('int_key_activities') }}
    where stated_key_id is not null and key_type <> 'organization'

),

-- Both ids of a rotation can be the same key.
identified as (

    select
        stated.*,
        first_value(stated.stated_key_id) over (
            partition by stated.key_type, stated.key_group
            order by
                case when stated.event_type = 'created' then 0 else 1 end, stated.occurred_at, stated.activity_id,
                stated.event_type
        ) as key_id,
        count(case when stated.event_type = 'created' then 1 end) over (
            partition by stated.key_type, stated.key_group
        ) as creation_count
    from stated

),

-- `claude_code_credential_revoked` also ends other kinds of tokens, so a `jti` that was never minted is excluded.
final as (

    select * from identified
    where activity_type <> 'claude_code_credential_revoked' or creation_count > 0

)

select * from final
