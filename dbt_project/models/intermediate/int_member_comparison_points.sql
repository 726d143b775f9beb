with

differences as (

    select * from {{ ref('int_member_comparisons') }}
    where difference_kind is not null

),

walks as (

    select * from {{ ref('int_member_walks') }}

),

periods as (

    select * from {{ ref('int_membership_periods') }}
    where fold = 'events'

),

boundaries as (

    {% for column in ['valid_from', 'valid_to'] %}
        select
            differences.membership_key,
            differences.scope_type,
            differences.scope_id,
            periods.{{ column }} as changed_at
        from differences
        inner join periods on 'events:' || differences.membership_key = periods.membership_key
        where periods.{{ column }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Walks and changes in one stream, so that the next walk is found without pairing them all.
stream as (

    select
        scope_type,
        scope_id,
        changed_at,
        cast(null as {{ dbt.type_timestamp() }}) as started_at
    from boundaries

    union all

    select
        scope_type,
        scope_id,
        started_at as changed_at,
        started_at
    from walks
    where scope_id in (select boundaries.scope_id from boundaries)

),

next_walks as (

    select distinct
        scope_type,
        scope_id,
        changed_at,
        min(started_at) over (partition by scope_type, scope_id order by changed_at desc) as next_started_at
    from stream

),

final as (

    select
        boundaries.membership_key,
        next_walks.next_started_at as compared_at
    from boundaries
    inner join next_walks
        on
            boundaries.scope_type = next_walks.scope_type
            and boundaries.scope_id = next_walks.scope_id
            and boundaries.changed_at = next_walks.changed_at
    where next_walks.next_started_at is not null

    union

    select
        differences.membership_key,
        listings.observed_at as compared_at
    from differences
    inner join {{ ref('int_membership_listings') }} as listings
        on differences.membership_key = listings.membership_key

    union

    select
        differences.membership_key,
        walks.started_at as compared_at
    from differences
    inner join walks
        on differences.scope_type = walks.scope_type and differences.scope_id = walks.scope_id
    where walks.previous_started_at is null

)

select * from final
