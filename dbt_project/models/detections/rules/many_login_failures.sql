{% set minutes = threshold('many_login_failures', 'minutes') %}

with

failures as (

    select
        *,
        count(*) over (
            partition by login_email {{ order_within('occurred_at', minutes, 'minute') }}
        ) as failure_count,
        min({{ moment('occurred_at', 'activity_id') }}) over (
            partition by login_email {{ order_within('occurred_at', minutes, 'minute') }}
        ) as first_moment
    from {{ ref('detection_failed_logins') }}
    where login_email is not null and not is_network_of_people and not is_network_of_person

),

hot as (

    select * from failures
    where failure_count >= {{ threshold('many_login_failures', 'minimum_failures') }}

),

successes as (

    select distinct hot.activity_id
    from hot
    inner join {{ ref('detection_activities') }} as logins
        on
            hot.login_email = logins.login_email
            and hot.occurred_at <= logins.occurred_at
            and hot.occurred_at + {{ span(minutes, 'minute') }} >= logins.occurred_at
    where logins.activity_type in ('magic_link_login_succeeded', 'social_login_succeeded', 'sso_login_succeeded')

),

{% set instant = moment('hot.occurred_at', 'hot.activity_id') %}

-- Without a success after any of them: that is `login_failures_then_success`.
final as (

    select
        hot.login_email || '/' || cast(cast(hot.occurred_at as date) as {{ dbt.type_string() }}) as anchor,
        'email_address' as subject_type,
        cast(null as {{ dbt.type_string() }}) as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        cast(null as {{ dbt.type_string() }}) as actor_id,
        cast(max(hot.failure_count) as {{ dbt.type_string() }}) || ' sign-ins for one email address failed within '
        || '{{ minutes }} minutes, and none succeeded.' as sentence,
        {{ text_array([
            moment_part(value_at_first('hot.first_moment', instant), 'activity_id'),
            value_at_last('hot.activity_id', instant),
        ]) }} as evidence_activity_ids,
        min(hot.occurred_at) as occurred_at
    from hot
    left join successes on hot.activity_id = successes.activity_id
    group by hot.login_email, cast(hot.occurred_at as date)
    having count(successes.activity_id) = 0

)

select * from final
