with

-- The join leaves the few activities that concern a key: only their JSON is read.
stated as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.workspace_id as stated_workspace_id,
        activities.actor_id,
        {{ json_field('activities.payload', 'event_types.id_field') }} as stated_key_id,
        event_types.key_type,
        event_types.event_type,
        activities.activity_type,
        activities.actor_type,
        activities.actor_email,
        {{ json_field('activities.payload', 'event_types.name_field') }} as stated_name,
        event_types.status as stated_status,
        case
            when event_types.event_type = 'updated' then {{ json_document('activities.payload', 'updates') }}
        end as updates,
        case
            when event_types.event_type = 'updated' then {{ json_document('activities.payload', 'updated_fields') }}
        end as updated_fields,
        {{ json_strings('activities.payload', 'scopes') }} as stated_scopes,
        activities.occurred_at,
        case
            when activities.activity_type = 'claude_code_runner_pool_secret_minted'
                then {{ utc_timestamp(json_text('activities.payload', 'expires_at')) }}
        end as stated_expires_at
    from {{ ref('activities') }} as activities
    inner join {{ ref('int_key_event_types') }} as event_types
        on activities.activity_type = event_types.activity_type

),

grouped as (

    select
        stated.*,
        {{ key_group('stated.key_type', 'stated.stated_key_id') }} as key_group
    from stated
    where stated.stated_key_id is not null

),

-- Both ids of a rotation may be the same key: 'created' sorts before 'ended', and the key begins before it ends.
numbered as (

    select
        grouped.*,
        first_value(grouped.stated_key_id) over (
            partition by grouped.key_type, grouped.key_group
            order by
                case when grouped.event_type = 'created' then 0 else 1 end, grouped.occurred_at, grouped.activity_id
        ) as key_id,
        row_number() over (
            partition by grouped.key_type, grouped.key_group
            order by grouped.occurred_at, grouped.activity_id, grouped.event_type
        ) as event_number,
        count(case when grouped.event_type = 'created' then 1 end) over (
            partition by grouped.key_type, grouped.key_group
        ) as creation_count
    from grouped

),

-- `claude_code_credential_revoked` also ends tokens of other kinds: a `jti` that was never minted is none of ours.
final as (

    select * from numbered
    where activity_type <> 'claude_code_credential_revoked' or creation_count > 0

)

select * from final
