{% set minutes = threshold('password_spraying', 'minutes') %}

with

failures as (

    select * from {{ ref('detection_failed_logins') }}
    where login_email is not null and actor_ip_address is not null and not is_network_of_people

),

-- Every failure ends a window; the same email address counts once in it.
windows as (

    select
        ends.actor_ip_address,
        ends.activity_id,
        {{ value_at_first('failures.activity_id', moment('failures.occurred_at', 'failures.activity_id')) }}
            as first_activity_id,
        count(distinct failures.login_email) as email_count,
        ends.occurred_at
    from failures as ends
    inner join failures
        on
            ends.actor_ip_address = failures.actor_ip_address
            and ends.occurred_at >= failures.occurred_at
            and ends.occurred_at <= failures.occurred_at + {{ span(minutes, 'minute') }}
    group by ends.actor_ip_address, ends.activity_id, ends.occurred_at
    having count(distinct failures.login_email) >= {{ threshold('password_spraying', 'minimum_people') }}

),

{% set instant = moment('occurred_at', 'activity_id') %}

sprayed as (

    select
        actor_ip_address,
        cast(occurred_at as date) as activity_date,
        {{ value_at_first('first_activity_id', instant) }} as first_activity_id,
        {{ value_at_first('activity_id', instant) }} as activity_id,
        max(email_count) as email_count,
        min(occurred_at) as occurred_at
    from windows
    group by actor_ip_address, cast(occurred_at as date)

),

successes as (

    select
        sprayed.actor_ip_address,
        sprayed.activity_date,
        count(*) as success_count
    from sprayed
    inner join {{ ref('detection_activities') }} as logins
        on
            sprayed.actor_ip_address = logins.actor_ip_address
            and sprayed.activity_date = cast(logins.occurred_at as date)
    where logins.activity_type in ('magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded')
    group by sprayed.actor_ip_address, sprayed.activity_date

),

final as (

    select
        cast(sprayed.activity_date as {{ dbt.type_string() }}) as anchor,
        'ip_address' as subject_type,
        sprayed.actor_ip_address as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        sprayed.actor_ip_address as actor_id,
        'Sign-ins for ' || cast(sprayed.email_count as {{ dbt.type_string() }}) || ' email addresses failed within '
        || '{{ minutes }} minutes; ' || cast(coalesce(successes.success_count, 0) as {{ dbt.type_string() }})
        || ' succeeded from there on that day.' as sentence,
        {{ text_array(['sprayed.first_activity_id', 'sprayed.activity_id']) }} as evidence_activity_ids,
        sprayed.occurred_at
    from sprayed
    left join successes
        on
            sprayed.actor_ip_address = successes.actor_ip_address
            and sprayed.activity_date = successes.activity_date

)

select * from final
