with

neighbours as (

    select
        *,
        {% for column in ['activity_id', 'actor_id', 'actor_email', 'occurred_at'] -%}
            lead({{ column }}) over (
                partition by organization_uuid, switch order by occurred_at, activity_id
            ) as next_{{ column }},
        {% endfor -%}
        row_number() over (partition by organization_uuid, switch order by occurred_at, activity_id)
            as transition_number
    from {{ ref('int_logging_transitions') }}

),

spots as (

    select
        organization_uuid,
        switch,
        activity_id as switched_off_activity_id,
        actor_id as switched_off_by_actor_id,
        actor_email as switched_off_by_email,
        next_activity_id as switched_on_activity_id,
        next_actor_id as switched_on_by_actor_id,
        next_actor_email as switched_on_by_email,
        occurred_at as began_at,
        next_occurred_at as ended_at
    from neighbours
    where not is_on
    union all
    -- First seen being switched on: it was off before, since an unknown time.
    select
        organization_uuid,
        switch,
        null as switched_off_activity_id,
        null as switched_off_by_actor_id,
        null as switched_off_by_email,
        activity_id as switched_on_activity_id,
        actor_id as switched_on_by_actor_id,
        actor_email as switched_on_by_email,
        null as began_at,
        occurred_at as ended_at
    from neighbours
    where is_on and transition_number = 1

),

final as (

    select
        {{ generate_surrogate_key(['switch', 'coalesce(switched_off_activity_id, switched_on_activity_id)']) }}
            as blind_spot_id,
        organization_uuid,
        switch,
        switched_off_activity_id,
        switched_off_by_actor_id,
        switched_off_by_email,
        switched_on_activity_id,
        switched_on_by_actor_id,
        switched_on_by_email,
        {{ elapsed_seconds('began_at', 'ended_at') }} as duration_seconds,
        ended_at is null as is_open,
        began_at,
        ended_at
    from spots

)

select * from final
