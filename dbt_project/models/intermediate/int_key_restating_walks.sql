with

listings as (

    select * from {{ ref('int_key_listings') }}

),

listed_keys as (

    select distinct
        series_key,
        key_type,
        key_id
    from listings

),

known as (

    select
        key_type,
        key_id,
        occurred_at
    from {{ ref('int_key_stated_events') }}

    union

    select
        key_type,
        key_id,
        observed_at as occurred_at
    from listings

),

evidence as (

    select
        listed_keys.series_key,
        listed_keys.key_type,
        listed_keys.key_id,
        known.occurred_at
    from listed_keys
    inner join known on listed_keys.key_type = known.key_type and listed_keys.key_id = known.key_id

),

walks as (

    select * from {{ ref('int_key_walks') }}

),

-- Every complete walk observes every key in its list, also one that is as it was. That matters only after other
-- evidence: an event, or the list as another source read it.
final as (

    {{ walks_after('evidence', 'walks') | indent(4) }}

)

select * from final
