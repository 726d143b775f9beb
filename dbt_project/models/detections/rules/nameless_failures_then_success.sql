{% set minutes = threshold('nameless_failures_then_success', 'minutes') %}

with

failures as (

    select * from {{ ref('detection_failed_logins') }}
    where login_email is null and actor_ip_address is not null and not is_network_of_people

),

successes as (

    select
        *,
        lag(occurred_at) over (partition by actor_ip_address order by occurred_at, activity_id) as previous_at
    from {{ ref('detection_activities') }}
    where activity_type in ('magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded')

),

final as (

    select
        successes.activity_id as anchor,
        'user' as subject_type,
        successes.actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        successes.actor_id,
        'Signed in after ' || cast(count(*) as {{ dbt.type_string() }})
        || ' failed sign-ins from the same address that named nobody.' as sentence,
        {{ text_array([
            value_at_first('failures.activity_id', moment('failures.occurred_at', 'failures.activity_id')),
            'successes.activity_id',
        ]) }} as evidence_activity_ids,
        successes.occurred_at
    from successes
    inner join failures
        on
            successes.actor_ip_address = failures.actor_ip_address
            and successes.occurred_at > failures.occurred_at
            and successes.occurred_at <= failures.occurred_at + {{ span(minutes, 'minute') }}
            and (successes.previous_at is null or successes.previous_at < failures.occurred_at)
    group by successes.activity_id, successes.actor_id, successes.occurred_at
    having count(*) >= {{ threshold('nameless_failures_then_success', 'minimum_failures') }}

)

select * from final
