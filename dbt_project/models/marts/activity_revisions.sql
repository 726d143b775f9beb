{{ config(materialized=incremental_or_table(of='ledger'), incremental_strategy='append') }}

with

revisions as (

    select revisions.* from {{ ref('stg_feed__activity_revisions') }} as revisions
    where {{ is_new('revisions') }}

),

-- Finds rows by id first; payloads are read in a second pass for those only.
found as (

    select
        revisions.ingest_seq as revision_seq,
        activities.ingest_seq
    from revisions
    inner join {{ ref('stg_feed__activities') }} as activities
        on revisions.source = activities.source and revisions.activity_id = activities.activity_id

),

compared as (

    select
        revisions.*,
        known.payload as known_payload,
        coalesce(known.activity_type, revisions.activity_type) as known_type,
        coalesce(known.created_at, revisions.created_at) as known_at
    from revisions
    left join found on revisions.ingest_seq = found.revision_seq
    left join {{ ref('stg_feed__activities') }} as known on found.ingest_seq = known.ingest_seq

),

changes as (

    {{ changed_json_fields('compared', 'ingest_seq', 'known_payload', 'payload') }}

),

summed as (

    select
        ingest_seq,
        case when min(change_kind) = max(change_kind) then min(change_kind) else 'mixed' end as change_kind,
        {{ ordered_list('path', 'path') }} as changed_fields
    from changes
    group by ingest_seq

),

final as (

    select
        {{ generate_surrogate_key(['compared.source', 'compared.activity_id', 'compared.payload_sha256']) }}
            as activity_revision_id,
        compared.activity_id,
        compared.source,
        {{ happened_at(
            'compared.known_type', json_text('compared.known_payload', 'accessed_at'), 'compared.known_at'
        ) }} as occurred_at,
        compared.known_type as activity_type,
        summed.change_kind,
        summed.changed_fields,
        compared.ingested_at as received_at,
        compared.ingest_seq
    from compared
    left join summed on compared.ingest_seq = summed.ingest_seq

)

select * from final
