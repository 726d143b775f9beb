with

toggles as (

    select
        *,
        lead(occurred_at) over (partition by organization_uuid order by occurred_at, activity_id) as next_at
    from {{ ref('detection_activities') }}
    where activity_type = 'org_magic_link_second_factor_toggled'

),

-- A sign-in names no organization: whoever has acted in one is counted to it.
acted as (

    select distinct
        actor_id,
        organization_uuid
    from {{ ref('detection_actors') }}

),

logins as (

    select
        toggles.activity_id as toggle_id,
        toggles.organization_uuid,
        logins.actor_id,
        {{ value_at_first('logins.activity_id', moment('logins.occurred_at', 'logins.activity_id')) }} as login_id,
        min(logins.occurred_at) as occurred_at
    from toggles
    inner join acted on toggles.organization_uuid = acted.organization_uuid
    inner join {{ ref('detection_activities') }} as logins
        on
            acted.actor_id = logins.actor_id
            and toggles.occurred_at < logins.occurred_at
            and toggles.occurred_at + {{ span(var('magic_link_watch_days'), 'day') }} >= logins.occurred_at
            and (toggles.next_at is null or toggles.next_at > logins.occurred_at)
    where not toggles.is_enabled and logins.activity_type = 'magic_link_login_succeeded'
    group by toggles.activity_id, toggles.organization_uuid, logins.actor_id

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
