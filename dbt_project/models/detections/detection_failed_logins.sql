{{ config(materialized='table') }}

{% set successes = ['magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded'] %}

with

failures as (

    select
        activity_id,
        login_email,
        actor_ip_address,
        actor_network,
        occurred_at
    from {{ ref('detection_activities') }}
    where activity_type in ('magic_link_login_failed', 'sso_login_failed')

),

-- Few networks have failures; only sign-ins from these are read.
successes as (

    select
        actor_network,
        login_email,
        cast(occurred_at as date) as login_date
    from {{ ref('detection_activities') }}
    where
        activity_type in ({{ literals(successes) }})
        and actor_network in (select failures.actor_network from failures)
    group by actor_network, login_email, cast(occurred_at as date)

),

failed as (

    select distinct
        actor_network,
        login_email,
        cast(occurred_at as date) as failure_date
    from failures

),

-- In the previous 30 days. A network of three people is an office, a VPN or a provider.
known as (

    select
        failed.actor_network,
        failed.login_email,
        failed.failure_date,
        count(distinct successes.login_email) >= 3 as is_network_of_people,
        count(case when failed.login_email = successes.login_email then 1 end) > 0 as is_network_of_person
    from failed
    inner join successes
        on
            failed.actor_network = successes.actor_network
            and failed.failure_date > successes.login_date
            and failed.failure_date <= successes.login_date + {{ span(30, 'day') }}
    group by failed.actor_network, failed.login_email, failed.failure_date

),

final as (

    select
        failures.activity_id,
        failures.login_email,
        failures.actor_ip_address,
        coalesce(known.is_network_of_people, false) as is_network_of_people,
        coalesce(known.is_network_of_person, false) as is_network_of_person,
        failures.occurred_at
    from failures
    left join known
        on
            failures.actor_network = known.actor_network
            and failures.login_email is not distinct from known.login_email
            and cast(failures.occurred_at as date) = known.failure_date

)

select * from final
