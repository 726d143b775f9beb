{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='activity_date',
        on_schema_change='fail'
    )
}}

with

reads as (

    select * from {{ ref('activities') }}
    where activity_type = 'compliance_api_accessed'

),

{% if is_incremental() %}
    -- A day that got new reads is counted anew.
    touched_days as (

        select distinct activity_date from reads
        where ingest_seq > (select coalesce(max(built.ingest_seq), 0) from {{ this }} as built)

    ),
{% endif %}

requests as (

    select
        activity_date,
        actor_type,
        actor_id,
        actor_email,
        {{ json_text('payload', 'request_method') }} as request_method,
        {{ path_without_ids(url_path(json_text('payload', 'url'))) }} as endpoint,
        is_own_read,
        try_cast({{ json_text('payload', 'status_code') }} as integer) as status_code,
        actor_ip_address,
        actor_user_agent,
        ingest_seq,
        occurred_at
    from reads
    {% if is_incremental() %}
        where activity_date in (select touched_days.activity_date from touched_days)
    {% endif %}

),

final as (

    select
        {{ hashed_id(['activity_date', 'actor_type', 'actor_id', 'request_method', 'endpoint', 'is_own_read']) }}
            as compliance_read_id,
        activity_date,
        actor_type,
        actor_id,
        max(actor_email) as actor_email,
        request_method,
        endpoint,
        is_own_read,
        count(*) as request_count,
        count(case when status_code < 400 then 1 end) as success_count,
        count(case when status_code in (401, 403) then 1 end) as refused_count,
        count(case when status_code >= 400 and status_code not in (401, 403) then 1 end) as failure_count,
        count(distinct actor_ip_address) as ip_address_count,
        count(distinct actor_user_agent) as user_agent_count,
        min(occurred_at) as first_read_at,
        max(occurred_at) as last_read_at,
        max(ingest_seq) as ingest_seq
    from requests
    group by activity_date, actor_type, actor_id, request_method, endpoint, is_own_read

)

select * from final
