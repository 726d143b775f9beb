{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='key_day_id') }}

{% set day = 'key_day_id, key_family, key_group, use_date' %}

with

uses as (

    select
        activities.actor_type,
        activities.actor_id,
        activities.activity_date as use_date,
        activities.occurred_at,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    where
        activities.actor_type in ('api_actor', 'admin_api_key_actor', 'service_account_actor')
        and activities.actor_id is not null
        and {{ is_new('activities') }}

),

grouped as (

    select
        case actor_type when 'service_account_actor' then 'service_account' else 'api_key' end as key_family,
        case actor_type when 'service_account_actor' then actor_id else {{ id_suffix('actor_id') }} end as key_group,
        use_date,
        occurred_at,
        ingest_seq
    from uses

),

partials as (

    select
        {{ generate_surrogate_key(['key_family', 'key_group', 'use_date']) }} as key_day_id,
        key_family,
        key_group,
        use_date,
        count(*) as use_count,
        max(occurred_at) as last_used_at,
        max(ingest_seq) as ingest_seq
    from grouped
    group by key_family, key_group, use_date

),

{% if is_incremental() %}
    known as (

        select * from partials
        union all
        select built.* from {{ stored_rows() }} as built
        where built.key_day_id in (select partials.key_day_id from partials)

    ),
{% endif %}

final as (

    select
        {{ day }},
        cast(sum(use_count) as {{ dbt.type_bigint() }}) as use_count,
        max(last_used_at) as last_used_at,
        max(ingest_seq) as ingest_seq
    from {{ 'known' if is_incremental() else 'partials' }}
    group by {{ day }}

)

select * from final
