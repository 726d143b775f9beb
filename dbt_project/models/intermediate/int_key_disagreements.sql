{{ config(materialized='table') }}

with

comparisons as (

    select
        comparisons.*,
        max(case when comparisons.difference_kind is null then comparisons.walk_number else 0 end) over (
            partition by comparisons.series_key, comparisons.key_type, comparisons.key_id
        ) as last_agreed_number
    from {{ ref('int_key_comparisons') }} as comparisons

),

series as (

    select
        series_key,
        key_type,
        key_id,
        min(walk_number) as since_number
    from comparisons
    where walk_number > last_agreed_number
    group by series_key, key_type, key_id

),

walks as (

    select * from {{ ref('int_key_walks') }}

),

-- Where a walk agreed, the change is younger than the last that did.
final as (

    select
        comparisons.walk_id,
        comparisons.key_type,
        comparisons.key_id,
        comparisons.key_type || ' ' || comparisons.key_id as key_name,
        coalesce(comparisons.organization_uuid, identities.organization_uuid) as organization_uuid,
        comparisons.difference_kind,
        comparisons.event_value,
        comparisons.directory_value,
        comparisons.is_listed,
        series.since_number = 1 as is_since_first_walk,
        comparisons.stated_created_at,
        greatest(
            comparisons.last_event_at,
            case when comparisons.difference_kind = 'only_in_directory' then comparisons.stated_created_at end,
            case when comparisons.last_agreed_number > 0 then walks_before.started_at end
        ) as changed_after,
        case
            when comparisons.difference_kind = 'only_in_directory'
                then least(comparisons.stated_created_at, first_walks.started_at)
            else first_walks.started_at
        end as changed_before,
        first_walks.started_at as since,
        comparisons.started_at,
        comparisons.finished_at
    from comparisons
    inner join series
        on
            comparisons.series_key = series.series_key
            and comparisons.key_type = series.key_type
            and comparisons.key_id = series.key_id
    inner join walks as first_walks
        on comparisons.series_key = first_walks.series_key and series.since_number = first_walks.walk_number
    left join walks as walks_before
        on comparisons.series_key = walks_before.series_key and series.since_number - 1 = walks_before.walk_number
    left join {{ ref('int_key_identities') }} as identities
        on comparisons.key_type = identities.key_type and comparisons.key_id = identities.key_id
    where comparisons.is_newest and comparisons.difference_kind is not null

)

select * from final
