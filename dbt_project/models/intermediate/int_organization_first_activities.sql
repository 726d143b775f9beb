{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='organization_uuid') }}

with

recorded as (

    select
        activities.organization_uuid,
        activities.occurred_at as first_activity_at,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    where activities.organization_uuid is not null and {{ is_new('activities') }}

    {% if is_incremental() %}
        union all

        select built.* from {{ stored_rows() }} as built
    {% endif %}

),

final as (

    select
        organization_uuid,
        min(first_activity_at) as first_activity_at,
        max(ingest_seq) as ingest_seq
    from recorded
    group by organization_uuid

)

select * from final
