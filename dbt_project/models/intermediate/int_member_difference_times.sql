with

comparisons as (

    select * from {{ ref('int_member_comparisons') }}
    where difference_kind is not null

),

walks as (

    select
        scope_type,
        scope_id,
        started_at,
        min(previous_started_at) as previous_started_at,
        max(finished_at) as finished_at
    from {{ ref('int_member_walks') }}
    group by scope_type, scope_id, started_at

),

since as (

    select
        comparisons.membership_key,
        comparisons.scope_type,
        comparisons.scope_id,
        coalesce(disagreements.since, comparisons.started_at) as since,
        case when comparisons.difference_kind = 'only_in_directory' then comparisons.joined_at end as dated_at
    from comparisons
    left join {{ ref('int_member_disagreements') }} as disagreements
        on comparisons.membership_key = disagreements.membership_key

),

-- The change lies between the last walk that agreed and the first that did not, or has a date.
final as (

    select
        since.membership_key,
        since.since,
        coalesce(since.dated_at, walks.previous_started_at) as changed_after,
        coalesce(since.dated_at, walks.finished_at + {{ span(1, 'minute') }}) as changed_before
    from since
    left join walks
        on
            since.scope_type = walks.scope_type
            and since.scope_id = walks.scope_id
            and since.since = walks.started_at

)

select * from final
