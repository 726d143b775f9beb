with

observations as (

    select
        user_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from {{ ref('int_user_observations') }}
    group by user_id

),

emails as (

    select * from {{ ref('int_user_emails') }}

),

coverage as (

    select count(*) > 0 as is_read
    from {{ ref('int_membership_walks') }}

),

seats as (

    select
        principal_id as user_id,
        current_seat_tier as seat_tier,
        row_number() over (partition by principal_id order by occurred_at desc, activity_id desc) as position_from_last
    from {{ ref('membership_changes') }}
    where change_type = 'seat_changed'

),

active_keys as (

    select
        created_by_actor_id as user_id,
        count(*) as active_key_count
    from {{ ref('key_lifecycle') }}
    where is_active
    group by created_by_actor_id

),

final as (

    select
        observations.user_id,
        directory.full_name,
        emails.current_email,
        coalesce(emails.emails, {{ text_array([]) }}) as emails,
        observations.first_seen_at,
        observations.last_seen_at,
        memberships.organization_role,
        seats.seat_tier,
        coalesce(memberships.membership_status, 'unknown') as membership_status,
        memberships.joined_at,
        memberships.left_at,
        coalesce(active_keys.active_key_count, 0) as active_key_count,
        case when coverage.is_read then coalesce(directory.is_in_directory, false) end as is_in_directory
    from observations
    cross join coverage
    left join emails on observations.user_id = emails.user_id
    left join {{ ref('int_user_directory') }} as directory on observations.user_id = directory.user_id
    left join {{ ref('int_user_memberships') }} as memberships on observations.user_id = memberships.user_id
    left join seats on observations.user_id = seats.user_id and seats.position_from_last = 1
    left join active_keys on observations.user_id = active_keys.user_id

)

select * from final
