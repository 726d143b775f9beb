{% set minimum_failures = threshold('login_failures_then_success', 'minimum_failures') %}
{% set minutes = threshold('login_failures_then_success', 'minutes') %}

with

crowded as (

    select
        login_email,
        count(*) over (
            partition by login_email {{ order_within('occurred_at', minutes, 'minute') }}
        ) as failure_count
    from {{ ref('detection_activities') }}
    where activity_type in ('magic_link_login_failed', 'sso_login_failed') and login_email is not null

),

-- Few email addresses have enough failures; only their sign-ins are sorted.
attempts as (

    select
        activity_id,
        actor_id,
        login_email,
        occurred_at,
        activity_type in ('magic_link_login_failed', 'sso_login_failed') as is_failure
    from {{ ref('detection_activities') }}
    where
        activity_type in (
            'magic_link_login_failed', 'sso_login_failed',
            'magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded'
        )
        and login_email in (
            select crowded.login_email from crowded
            where crowded.failure_count >= {{ minimum_failures }}
        )

),

-- Each run ends with a success; earlier sign-ins belong to earlier runs.
numbered as (

    select
        *,
        coalesce(
            sum(case when is_failure then 0 else 1 end) over (
                partition by login_email order by occurred_at, activity_id
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as run_number
    from attempts

),

-- People who mistype on a network that they have signed in from before are left out.
runs as (

    select
        successes.activity_id,
        successes.actor_id,
        successes.occurred_at,
        {{ value_at_first('failures.activity_id', moment('failures.occurred_at', 'failures.activity_id')) }}
            as first_failure_id,
        count(*) as failure_count
    from numbered as successes
    inner join numbered as failures
        on
            successes.login_email = failures.login_email
            and successes.run_number = failures.run_number
            and failures.is_failure
            and failures.occurred_at >= successes.occurred_at - {{ span(minutes, 'minute') }}
    left join {{ ref('detection_failed_logins') }} as networks on failures.activity_id = networks.activity_id
    where not successes.is_failure
    group by successes.activity_id, successes.actor_id, successes.occurred_at
    having count(case when networks.is_network_of_person then 1 end) < count(*)

),

final as (

    select
        activity_id as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        actor_id,
        'Signed in after ' || cast(failure_count as {{ dbt.type_string() }}) || ' failed attempts in a row.'
            as sentence,
        {{ text_array(['first_failure_id', 'activity_id']) }} as evidence_activity_ids,
        occurred_at
    from runs
    where failure_count >= {{ minimum_failures }}

)

select * from final
