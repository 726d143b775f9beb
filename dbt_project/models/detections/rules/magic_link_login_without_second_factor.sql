with

toggles as (

    select
        *,
        lead(occurred_at) over (partition by organization_uuid order by occurred_at, activity_id) as next_at
    from {{ ref('detection_activities') }}
    where activity_type = 'org_magic_link_second_factor_toggled'

),

while_off as (

    select
        toggles.activity_id as toggle_id,
        toggles.organization_uuid,
        logins.actor_id,
        logins.activity_id as login_id,
        logins.occurred_at
    from toggles
    inner join {{ ref('detection_activities') }} as logins
        on
            toggles.occurred_at < logins.occurred_at
            and toggles.occurred_at + {{ span(var('magic_link_watch_days'), 'day') }} >= logins.occurred_at
            and (toggles.next_at is null or toggles.next_at > logins.occurred_at)
    where not toggles.is_enabled and logins.activity_type = 'magic_link_login_succeeded'

),

-- A sign-in names no organization: whoever has acted in one is counted to it.
logins as (

    select
        while_off.toggle_id,
        while_off.organization_uuid,
        while_off.actor_id,
        {{ value_at_first('while_off.login_id', moment('while_off.occurred_at', 'while_off.login_id')) }} as login_id,
        min(while_off.occurred_at) as occurred_at
    from while_off
    where
        exists (
            select 1 from {{ ref('detection_counts') }} as acted
            where while_off.actor_id = acted.actor_id and while_off.organization_uuid = acted.organization_uuid
        )
    group by while_off.toggle_id, while_off.organization_uuid, while_off.actor_id

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
