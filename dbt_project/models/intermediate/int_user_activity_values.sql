{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key=['user_id', 'kind', 'value']
    )
}}

with

acting as (

    select activities.* from {{ ref('activities') }} as activities
    where activities.actor_user_id is not null and {{ is_new('activities') }}

),

-- A repeated value is stored again with its newest `ingest_seq`, so that the mark advances without new values.
seen as (

    {% set columns = {
        'activity_type': 'activity_type',
        'ip_address': 'actor_ip_address',
        'user_agent': 'actor_user_agent',
    } %}
    {% for kind, column in columns.items() %}
        select
            actor_user_id as user_id,
            '{{ kind }}' as kind,
            {{ column }} as value,  -- noqa: RF04
            ingest_seq
        from acting
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        user_id,
        kind,
        value,
        max(ingest_seq) as ingest_seq
    from seen
    where value is not null
    group by user_id, kind, value

)

select * from final
