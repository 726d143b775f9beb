{{ config(materialized=incremental_or_table(of='ledger'), incremental_strategy='delete+insert', unique_key='usage_date') }}

with

-- A day is replaced whole, so the days of new rows are read whole.
{% if is_incremental() %}
    touched as (

        select distinct new_rows.usage_date
        from {{ ref('stg_directory__usage') }} as new_rows
        where {{ is_new('new_rows') }}

    ),
{% endif %}

usage_rows as (

    select usage_rows.*
    from {{ ref('stg_directory__usage') }} as usage_rows
    {% if is_incremental() %}
        inner join touched on usage_rows.usage_date = touched.usage_date
    {% endif %}

),

ranked as (

    select
        usage_rows.*,
        walks.started_at,
        walks.walk_seq,
        max(usage_rows.ingest_seq) over (partition by usage_rows.usage_date) as newest_ingest_seq,
        dense_rank() over (
            partition by usage_rows.usage_date, usage_rows.source
            order by walks.started_at desc, walks.walk_seq desc, walks.walk_id desc
        ) as reading_from_last
    from usage_rows
    inner join {{ ref('stg_directory__walks') }} as walks on usage_rows.walk_id = walks.walk_id
    where walks.status = 'complete'

),

-- Each source's newest reading of the day counts; where those of two sources report one key, the newer one does.
newest_readings as (

    select
        *,
        dense_rank() over (
            partition by usage_date, coalesce(api_key_id, source)
            order by started_at desc, walk_seq desc, walk_id desc
        ) as source_from_last
    from ranked
    where reading_from_last = 1

),

final as (

    select
        {{ generate_surrogate_key(['usage_date', 'source', 'api_key_id', 'workspace_id', 'model']) }}
            as key_usage_daily_id,
        usage_date,
        source,
        api_key_id as key_id,
        workspace_id,
        model,
        cast(sum(uncached_input_token_count) as {{ dbt.type_bigint() }}) as uncached_input_token_count,
        cast(sum(cache_read_token_count) as {{ dbt.type_bigint() }}) as cache_read_token_count,
        cast(sum(cache_creation_token_count) as {{ dbt.type_bigint() }}) as cache_creation_token_count,
        cast(sum(output_token_count) as {{ dbt.type_bigint() }}) as output_token_count,
        cast(
            sum(uncached_input_token_count + cache_read_token_count + cache_creation_token_count + output_token_count)
            as {{ dbt.type_bigint() }}
        ) as token_count,
        max(newest_ingest_seq) as ingest_seq
    from newest_readings
    where source_from_last = 1
    group by usage_date, source, api_key_id, workspace_id, model

)

select * from final
