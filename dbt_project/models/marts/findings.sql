with

history as (

    select * from {{ ref('finding_history') }}

),

today as (

    select * from {{ ref('findings_today') }}

),

final as (

    select
        history.finding_id,
        history.rule_id,
        history.title,
        history.severity,
        history.mitre_technique,
        history.mitre_technique_name,
        history.subject_type,
        history.subject_id,
        history.organization_uuid,
        history.actor_id,
        history.summary,
        history.evidence_activity_ids,
        today.finding_id is not null as is_supported,
        history.occurred_at,
        history.found_at
    from history
    left join today on history.finding_id = today.finding_id

)

select * from final
