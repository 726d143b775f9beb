with

-- Of the activities only the source, the time and a flag are read: columns that compress well.
stored as (

    select
        source,
        cast(occurred_at as date) as coverage_date,
        count(*) as activity_count,
        count(case when is_late then 1 end) as late_count,
        0 as revision_count
    from {{ ref('stg_feed__activities') }}
    group by source, cast(occurred_at as date)

),

revised as (

    select
        source,
        cast(occurred_at as date) as coverage_date,
        0 as activity_count,
        0 as late_count,
        count(*) as revision_count
    from {{ ref('stg_feed__activity_revisions') }}
    group by source, cast(occurred_at as date)

),

counted as (

    select * from stored
    union all
    select * from revised

),

final as (

    select
        source,
        coverage_date,
        cast(sum(activity_count) as bigint) as activity_count,
        cast(sum(late_count) as bigint) as late_count,
        cast(sum(revision_count) as bigint) as revision_count
    from counted
    group by source, coverage_date

)

select * from final
