with

event_states as (

    select
        *,
        event_type not in ('listed', 'gone') as is_event
    from {{ ref('int_key_shown_states') }}

),

listed as (

    select
        *,
        case created_by_type when 'service_account' then 'service_account_actor' else 'user_actor' end
            as created_by_actor_type
    from {{ ref('int_key_listed_states') }}

),

folded as (

    select
        key_id,
        key_type,
        {{ value_at_last('workspace_id', 'event_number') }} as workspace_id,
        {{ value_at_first('actor_id', 'event_number') }} filter (where event_type = 'created') as created_by_actor_id,
        {{ value_at_first('actor_type', 'event_number') }}
        filter (where event_type = 'created') as created_by_actor_type,
        {{ value_at_last('actor_id', 'event_number') }} filter (where is_event) as last_changed_by_actor_id,
        {{ value_at_last('actor_id', 'event_number') }} filter (where is_status_change) as status_taken_by_actor_id,
        {{ value_at_last('key_name', 'event_number') }} as key_name,
        {{ value_at_last('current_status', 'event_number') }} as status,
        {{ value_at_last('scopes', 'event_number') }} as scopes,
        {{ value_at_first('actor_email', 'event_number') }} filter (where event_type = 'created') as created_by_email,
        count(*) filter (where is_event) as lifecycle_event_count,
        {{ value_at_first('occurred_at', 'event_number') }} filter (where event_type = 'created') as created_at,
        max(occurred_at) filter (where is_event) as last_changed_at,
        -- A status that the key always had: when it was first stated. Events about something else do not state it.
        coalesce(
            max(occurred_at) filter (where is_status_change),
            min(occurred_at) filter (where is_status_stated),
            min(occurred_at)
        ) as status_taken_at,
        {{ value_at_last('expires_at', 'event_number') }} as expires_at
    from event_states
    group by key_id, key_type

),

-- A list fills in what no event states about the creation.
final as (

    select
        folded.key_id,
        folded.key_type,
        folded.workspace_id,
        coalesce(folded.created_by_actor_id, listed.created_by_id) as created_by_actor_id,
        case
            when folded.created_by_actor_id is null and listed.created_by_id is not null
                then listed.created_by_actor_type
            else folded.created_by_actor_type
        end as created_by_actor_type,
        folded.last_changed_by_actor_id,
        folded.status_taken_by_actor_id,
        folded.key_name,
        folded.status,
        folded.scopes,
        folded.created_by_email,
        folded.lifecycle_event_count,
        folded.created_at is not null as is_creation_observed,
        coalesce(folded.created_at, listed.created_at) as created_at,
        folded.last_changed_at,
        folded.status_taken_at,
        folded.expires_at
    from folded
    left join listed on folded.key_type = listed.key_type and folded.key_id = listed.key_id

)

select * from final
