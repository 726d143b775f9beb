{% set share = 'partition by share_kind, object_type, object_id order by occurred_at, activity_id' %}

with

events as (

    select
        *,
        row_number() over ({{ share }}) as event_number,
        coalesce(lag(is_public) over ({{ share }}), is_public_before) as was_public
    from {{ ref('int_share_events') }}

),

-- A share that its first event ends, or leaves as it was, began before history does.
changes as (

    select * from events
    where is_public <> was_public or (was_public and event_number = 1)

),

paired as (

    select
        changes.*,
        lead(changes.activity_id) over ({{ share }}) as next_activity_id,
        lead(changes.actor_id) over ({{ share }}) as next_actor_id,
        lead(changes.actor_email) over ({{ share }}) as next_actor_email,
        lead(changes.occurred_at) over ({{ share }}) as next_occurred_at
    from changes

),

final as (

    select
        {{ generate_surrogate_key(['share_kind', 'object_type', 'object_id', 'activity_id']) }} as public_share_id,
        organization_uuid,
        share_kind,
        object_type,
        object_id,
        container_id,
        audience,
        case when not was_public then occurred_at end as shared_at,
        case when not was_public then actor_id end as shared_by_actor_id,
        case when not was_public then actor_email end as shared_by_email,
        case when not was_public then activity_id end as started_by_activity_id,
        case when is_public then next_occurred_at else occurred_at end as ended_at,
        case when is_public then next_actor_id else actor_id end as ended_by_actor_id,
        case when is_public then next_actor_email else actor_email end as ended_by_email,
        case when is_public then next_activity_id else activity_id end as ended_by_activity_id,
        is_public and next_activity_id is null as is_current
    from paired
    where is_public or event_number = 1

)

select * from final
