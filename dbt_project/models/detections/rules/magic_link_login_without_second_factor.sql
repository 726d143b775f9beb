{% set watch_days = threshold('magic_link_login_without_second_factor', 'watch_days', 'watched.organization_uuid') %}

with

toggles as (

    select
        *,
        lead(occurred_at) over (partition by organization_uuid order by occurred_at, activity_id) as next_at
    from {{ ref('detection_activities') }}
    where activity_type = 'org_magic_link_second_factor_toggled'

),

-- A sign-in names no organization, so a user belongs to every organization they have acted in.
watched as (

    select distinct
        toggles.activity_id as toggle_id,
        toggles.organization_uuid,
        actors.actor_id,
        toggles.occurred_at as off_at,
        toggles.next_at
    from toggles
    inner join {{ ref('detection_actors') }} as actors on toggles.organization_uuid = actors.organization_uuid
    where not toggles.is_enabled

),

logins as (

    select
        watched.toggle_id,
        watched.organization_uuid,
        watched.actor_id,
        {{ value_at_first('logins.activity_id', moment('logins.occurred_at', 'logins.activity_id')) }} as login_id,
        min(logins.occurred_at) as occurred_at
    from watched
    inner join {{ ref('detection_activities') }} as logins
        on
            watched.actor_id = logins.actor_id
            and watched.off_at < logins.occurred_at
            and watched.off_at + {{ span(watch_days, 'day') }} >= logins.occurred_at
            and (watched.next_at is null or watched.next_at > logins.occurred_at)
    where logins.activity_type = 'magic_link_login_succeeded'
    group by watched.toggle_id, watched.organization_uuid, watched.actor_id

),

final as (

    select
        toggle_id as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        organization_uuid,
        actor_id,
        'Signed in by magic link while no second factor was asked for.' as sentence,
        {{ text_array(['toggle_id', 'login_id']) }} as evidence_activity_ids,
        occurred_at
    from logins

)

select * from final
