{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='activity_date') }}

with

-- Each CTE reads the activities directly; DuckDB would materialize a shared one, payloads included, before filtering.
{% if is_incremental() %}
    own_reads as (

        select
            activity_date,
            count(case when is_own_read then 1 end) as own_count
        from {{ ref('activities') }}
        where activity_type = 'compliance_api_accessed'
        group by activity_date

    ),

    counted as (

        select
            activity_date,
            sum(case when is_own_read then request_count else 0 end) as own_count
        from {{ this }}
        group by activity_date

    ),

    -- Recount days with new reads, and days on which more reads have since been recognized as our own.
    touched_days as (

        select new_rows.activity_date from {{ ref('activities') }} as new_rows
        where new_rows.activity_type = 'compliance_api_accessed' and {{ is_new('new_rows') }}
        union
        select own_reads.activity_date
        from own_reads
        inner join counted on own_reads.activity_date = counted.activity_date
        where own_reads.own_count <> counted.own_count

    ),
{% endif %}

parsed as (

    select
        activity_date,
        actor_type,
        actor_id,
        actor_email,
        {{ json_text('payload', 'request_method') }} as request_method,
        {{ url_path(json_text('payload', 'url')) }} as requested_path,
        is_own_read,
        outcome,
        {{ json_text('payload', 'status_code') }} in ('401', '403') as is_refused,
        actor_ip_address,
        actor_user_agent,
        ingest_seq,
        occurred_at
    from {{ ref('activities') }}
    where activity_type = 'compliance_api_accessed'
    {% if is_incremental() %}
        and activity_date in (select touched_days.activity_date from touched_days)
    {% endif %}

),

-- The caller chooses method and path, so unknown ones are masked: readers of this table must not see names.
requests as (

    select
        activity_date,
        actor_type,
        actor_id,
        actor_email,
        case
            when request_method in ('DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT') then request_method
            when request_method is not null then 'other'
        end as request_method,
        {{ documented_path('requested_path') | indent(8) }} as endpoint,
        is_own_read,
        outcome,
        is_refused,
        actor_ip_address,
        actor_user_agent,
        ingest_seq,
        occurred_at
    from parsed

),

final as (

    select
        {{ generate_surrogate_key([
            'activity_date', 'actor_type', 'actor_id', 'request_method', 'endpoint', 'is_own_read'
        ]) }}
            as compliance_read_id,
        activity_date,
        actor_type,
        actor_id,
        max(actor_email) as actor_email,
        request_method,
        endpoint,
        is_own_read,
        count(*) as request_count,
        count(case when outcome = 'success' then 1 end) as success_count,
        count(case when outcome = 'failure' then 1 end) as failure_count,
        count(case when outcome = 'unknown' then 1 end) as unknown_count,
        count(case when is_refused then 1 end) as refused_count,
        count(distinct actor_ip_address) as ip_address_count,
        count(distinct actor_user_agent) as user_agent_count,
        min(occurred_at) as first_read_at,
        max(occurred_at) as last_read_at,
        max(ingest_seq) as ingest_seq
    from requests
    group by activity_date, actor_type, actor_id, request_method, endpoint, is_own_read

)

select * from final
