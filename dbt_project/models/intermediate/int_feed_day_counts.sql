{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='delete+insert',
        unique_key=['source', 'coverage_date']
    )
}}

with

received as (

    select
        activities.source,
        cast(activities.created_at as date) as coverage_date,
        count(*) as activity_count,
        count(case when activities.is_late then 1 end) as late_count,
        max(activities.ingest_seq) as ingest_seq
    from {{ ref('stg_feed__activities') }} as activities
    where {{ is_new('activities') }}
    group by activities.source, cast(activities.created_at as date)

),

partials as (

    select * from received

    {% if is_incremental() %}
        union all

        select built.* from {{ stored_rows() }} as built
        where exists (
            select 1 from received
            where received.source = built.source and received.coverage_date = built.coverage_date
        )
    {% endif %}

),

final as (

    select
        source,
        coverage_date,
        cast(sum(activity_count) as {{ dbt.type_bigint() }}) as activity_count,
        cast(sum(late_count) as {{ dbt.type_bigint() }}) as late_count,
        max(ingest_seq) as ingest_seq
    from partials
    group by source, coverage_date

)

select * from final
