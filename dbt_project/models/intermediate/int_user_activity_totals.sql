{#- Distinct days do not add up, so all days of users with new activities are summed again. -#}
{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='user_id') }}

with

{% if is_incremental() %}
    touched as (

        select distinct new_days.user_id
        from {{ ref('user_activity_daily') }} as new_days
        where {{ is_new('new_days') }}

    ),
{% endif %}

days as (

    select daily.* from {{ ref('user_activity_daily') }} as daily
    {% if is_incremental() %}
        inner join touched on daily.user_id = touched.user_id
    {% endif %}

),

final as (

    select
        user_id,
        {% for name in additive_activity_counts() %}
            cast(sum({{ name }}) as {{ dbt.type_bigint() }}) as {{ name }},
        {% endfor %}
        count(distinct activity_date) as active_day_count,
        min(first_activity_at) as first_activity_at,
        max(last_activity_at) as last_activity_at,
        max(ingest_seq) as ingest_seq
    from days
    group by user_id

)

select * from final
