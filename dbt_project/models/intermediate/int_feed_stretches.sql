with

walked as (

    select
        source,
        slice_start_at,
        slice_end_at
    from {{ ref('stg_feed__extracts') }}
    where status = 'complete' and not is_filtered

),

-- Slices that touch or overlap are one stretch.
reached as (

    select
        *,
        max(slice_end_at) over (
            partition by source order by slice_start_at, slice_end_at
            rows between unbounded preceding and 1 preceding
        ) as reached_at
    from walked

),

numbered as (

    select
        *,
        sum(case when slice_start_at <= reached_at then 0 else 1 end) over (
            partition by source order by slice_start_at, slice_end_at
            rows between unbounded preceding and current row
        ) as stretch_number
    from reached

),

final as (

    select
        source,
        stretch_number,
        min(slice_start_at) as covered_from_at,
        max(slice_end_at) as covered_to_at
    from numbered
    group by source, stretch_number

)

select * from final
