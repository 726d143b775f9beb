with

extracts as (

    select
        source,
        min(slice_start_at) as first_read_at,
        max(slice_end_at) as last_read_at,
        max(case when status = 'complete' then slice_end_at end) as last_covered_at
    from {{ ref('stg_feed__extracts') }}
    group by source

),

-- `least` and `greatest` ignore nulls: sources without extracts, and extracts without a row in `sources`.
spans as (

    select
        coalesce(sources.source, extracts.source) as source,  -- published name -- noqa: RF04
        least(sources.history_start_at, extracts.first_read_at) as first_at,
        greatest(sources.last_horizon_at, extracts.last_read_at) as last_at,
        greatest(sources.last_horizon_at, extracts.last_covered_at) as horizon_at
    from {{ ref('stg_feed__sources') }} as sources
    full outer join extracts on sources.source = extracts.source

),

dated as (

    select
        source,
        horizon_at,
        cast(first_at as date) as first_date,
        -- The end is exclusive: a slice that ends at midnight does not reach the next day.
        cast(last_at - interval '1' microsecond as date) as last_date
    from spans

),

days as (

    {{ each_day('dated', 'first_date', 'last_date') }}

),

final as (

    select
        source,
        date_day as coverage_date,
        cast(date_day as {{ dbt.type_timestamp() }}) as day_start_at,
        cast(date_day as {{ dbt.type_timestamp() }}) + interval '1' day as day_end_at,
        coalesce(cast(date_day as {{ dbt.type_timestamp() }}) + interval '1' day <= horizon_at, false) as is_closed
    from days

)

select * from final
