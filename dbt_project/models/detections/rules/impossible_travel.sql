{% set kilometres = threshold('impossible_travel', 'kilometres') %}
{% set radius = 6371 %}

with

moves as (

    select
        *,
        2 * {{ radius }} * asin(
            sqrt(
                least(
                    power(sin(radians(latitude - previous_latitude) / 2), 2)
                    + cos(radians(previous_latitude)) * cos(radians(latitude))
                    * power(sin(radians(longitude - previous_longitude) / 2), 2),
                    1
                )
            )
        ) as distance,
        {{ elapsed_seconds('previous_at', 'occurred_at') }} as seconds
    from {{ ref('detection_moves') }}

),

too_fast as (

    select
        *,
        row_number() over (
            partition by actor_id, cast(occurred_at as date) order by occurred_at, activity_id
        ) as position_of_day
    from moves
    where
        distance >= {{ kilometres }}
        and distance * 3600 >= {{ threshold('impossible_travel', 'kilometres_per_hour') }} * seconds

),

final as (

    select
        cast(cast(occurred_at as date) as {{ dbt.type_string() }}) as anchor,
        'user' as subject_type,
        actor_id as subject_id,
        cast(null as {{ dbt.type_string() }}) as organization_uuid,
        actor_id,
        cast(cast(round(distance) as {{ dbt.type_bigint() }}) as {{ dbt.type_string() }}) || ' kilometres in '
        || cast(cast(round(seconds / 60) as {{ dbt.type_bigint() }}) as {{ dbt.type_string() }}) || ' minutes'
        || coalesce(', from ' || previous_country || ' to ' || country, '') || '.' as sentence,
        {{ text_array(['previous_activity_id', 'activity_id']) }} as evidence_activity_ids,
        occurred_at
    from too_fast
    where position_of_day = 1

)

select * from final
