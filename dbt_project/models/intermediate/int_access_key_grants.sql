with

periods as (

    select
        *,
        lead(status) over (partition by key_type, key_id order by valid_from nulls first) as next_status
    from {{ ref('key_periods') }}

),

makers as (

    select
        key_type,
        key_id,
        created_by_actor_type
    from {{ ref('int_key_states') }}

),

key_events as (

    select
        key_type,
        key_id,
        activity_id,
        max(actor_id) as actor_id,
        max(actor_email) as actor_email
    from {{ ref('key_events') }}
    group by key_type, key_id, activity_id

),

final as (

    select
        periods.key_period_id as access_grant_id,
        {{ generate_surrogate_key(['periods.key_type', 'periods.key_id']) }} as grant_key,
        case
            when periods.key_type = 'service_account' then 'service_account'
            when makers.created_by_actor_type = 'user_actor' then 'user'
            else coalesce(replace(makers.created_by_actor_type, '_actor', ''), 'unknown')
        end as holder_type,
        case periods.key_type
            when 'service_account' then periods.key_id else key_lifecycle.created_by_actor_id
        end as holder_id,
        periods.key_type as grant_type,
        periods.key_id as grant_id,
        key_lifecycle.organization_uuid,
        key_lifecycle.name as grant_name,
        {{ text_list('key_lifecycle.scopes') }} as granted_role,
        periods.valid_from,
        periods.valid_to,
        key_lifecycle.created_at as granted_at,
        coalesce(key_lifecycle.created_at, periods.valid_from) as held_since,
        key_lifecycle.created_by_actor_id as granted_by_actor_id,
        key_lifecycle.created_by_email as granted_by_email,
        case when periods.valid_to is not null then periods.next_status end as end_reason,
        key_events.actor_id as ended_by_actor_id,
        key_events.actor_email as ended_by_email,
        key_lifecycle.expires_at,
        case when periods.is_current then key_lifecycle.is_in_directory end as is_in_directory
    from periods
    inner join {{ ref('key_lifecycle') }} as key_lifecycle
        on periods.key_type = key_lifecycle.key_type and periods.key_id = key_lifecycle.key_id
    left join makers on periods.key_type = makers.key_type and periods.key_id = makers.key_id
    left join key_events
        on
            periods.key_type = key_events.key_type
            and periods.key_id = key_events.key_id
            and periods.ended_by_activity_id = key_events.activity_id
    where periods.status = 'active'

)

select * from final
