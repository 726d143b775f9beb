{% set key = 'series_key, key_type, key_id' %}
{% set place = 'partition by ' ~ key ~ ' order by occurred_at, walk_number nulls first' %}

with

evidence as (

    select * from {{ ref('int_key_comparison_evidence') }}

),

walks as (

    select * from {{ ref('int_key_walks') }}

),

-- Between pieces of evidence nothing changes, so the first walk after each one speaks for those that follow.
speaking as (

    {{ walks_after('evidence', 'walks') | indent(4) }}

),

stream as (

    select
        {{ key }},
        event_number,
        listing_number,
        null as walk_number,
        occurred_at
    from evidence

    union all

    select
        speaking.series_key,
        speaking.key_type,
        speaking.key_id,
        null as event_number,
        null as listing_number,
        speaking.walk_number,
        walks.started_at as occurred_at
    from speaking
    inner join walks on speaking.series_key = walks.series_key and speaking.walk_number = walks.walk_number

),

final as (

    select
        {{ key }},
        walk_number,
        max(event_number) over ({{ place }} rows between unbounded preceding and current row) as event_number,
        max(listing_number) over ({{ place }} rows between unbounded preceding and current row) as listing_number,
        max(case when event_number is not null then occurred_at end) over (
            {{ place }} rows between unbounded preceding and current row
        ) as last_event_at
    from stream

)

select * from final
where walk_number is not null
