{#-
  Rules about an actor's whole lifetime read this instead of `detection_counts`, because it has few rows per actor. A
  build combines the stored rows with new counts.
-#}
{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='actor_id') }}

with

-- Only reads of compliance data are kept per network; people use many.
new_counts as (

    select
        counts.actor_id,
        counts.actor_type,
        counts.organization_uuid,
        case when counts.behaviour = 'compliance_read' then counts.network end as network,
        counts.behaviour,
        counts.first_activity_id,
        counts.last_activity_id,
        counts.first_at,
        counts.last_at,
        counts.ingest_seq
    from {{ ref('detection_counts') }} as counts
    where {{ is_new('counts') }}

),

partials as (

    select * from new_counts

    {% if is_incremental() %}
        union all

        select built.* from {{ stored_rows() }} as built
        where built.actor_id in (select new_counts.actor_id from new_counts)
    {% endif %}

),

final as (

    select
        actor_id,
        actor_type,
        organization_uuid,
        network,
        behaviour,
        {{ value_at_first('first_activity_id', moment('first_at', 'first_activity_id')) }} as first_activity_id,
        {{ value_at_last('last_activity_id', moment('last_at', 'last_activity_id')) }} as last_activity_id,
        min(first_at) as first_at,
        max(last_at) as last_at,
        max(ingest_seq) as ingest_seq
    from partials
    group by actor_id, actor_type, organization_uuid, network, behaviour

)

select * from final
