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
        occurred_at,
        stated_expires_at,
        ingest_seq
    from {{ ref('int_key_activities') }}

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
        cast(
            row_number() over (
                partition by grouped.key_type, grouped.key_group
                order by grouped.occurred_at, grouped.activity_id, grouped.event_type
            ) as {{ dbt.type_bigint() }}
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
