with

days as (select * from {{ ref('int_feed_days') }}),

covered as (

    select
        days.source,
        days.coverage_date,
        max(
            case
                when intervals.covered_from_at <= days.day_start_at and days.day_end_at <= intervals.covered_to_at
                    then 1
                else 0
            end
        ) as is_whole,
        sum(
            {{ elapsed_seconds(
                'greatest(intervals.covered_from_at, days.day_start_at)',
                'least(intervals.covered_to_at, days.day_end_at)',
            ) }}
        ) as covered_seconds
    from days
    inner join {{ ref('stg_feed__coverage') }} as intervals
        on
            days.source = intervals.source
            and days.day_end_at > intervals.covered_from_at
            and days.day_start_at < intervals.covered_to_at
    group by days.source, days.coverage_date

),

extracts as (

    select
        source,
        cast(slice_start_at as date) as coverage_date,
        sum(received_count) as received_count,
        count(case when status = 'complete' and not is_filtered then 1 end) as complete_walk_count,
        count(case when status = 'failed' then 1 end) as failed_walk_count,
        min(case when status = 'complete' and not is_filtered then finished_at end) as first_covered_at,
        max(case when status = 'complete' and not is_filtered then finished_at end) as last_verified_at
    from {{ ref('stg_feed__extracts') }}
    group by source, cast(slice_start_at as date)

),

revised as (

    select
        source,
        cast(created_at as date) as coverage_date,
        count(*) as revision_count
    from {{ ref('stg_feed__activity_revisions') }}
    group by source, cast(created_at as date)

),

sealed as (

    select
        *,
        row_number() over (partition by source, sealed_date order by seal_version desc) as position_from_last
    from {{ ref('stg_feed__day_seals') }}

),

final as (

    select
        {{ generate_surrogate_key(['days.source', 'days.coverage_date']) }} as feed_coverage_id,
        days.source,
        days.coverage_date,
        case when covered.is_whole = 1 then 'complete' when covered.is_whole = 0 then 'partial' else 'missing' end
            as status,
        sealed.seal_sha256,
        cast(coalesce(covered.covered_seconds, 0) as bigint) as covered_seconds,
        coalesce(counts.activity_count, 0) as activity_count,
        cast(coalesce(extracts.received_count, 0) as bigint) as received_count,
        coalesce(counts.late_count, 0) as late_count,
        coalesce(revised.revision_count, 0) as revision_count,
        coalesce(extracts.complete_walk_count, 0) as complete_walk_count,
        coalesce(extracts.failed_walk_count, 0) as failed_walk_count,
        sealed.seal_version,
        days.is_closed,
        extracts.first_covered_at,
        extracts.last_verified_at,
        sealed.sealed_at
    from days
    left join covered on days.source = covered.source and days.coverage_date = covered.coverage_date
    left join extracts on days.source = extracts.source and days.coverage_date = extracts.coverage_date
    left join {{ ref('int_feed_day_counts') }} as counts
        on days.source = counts.source and days.coverage_date = counts.coverage_date
    left join revised on days.source = revised.source and days.coverage_date = revised.coverage_date
    left join sealed
        on days.source = sealed.source and days.coverage_date = sealed.sealed_date and sealed.position_from_last = 1

)

select * from final
