with

{% set columns = [
    'rule_id', 'title', 'severity', 'mitre_technique', 'mitre_technique_name', 'subject_type', 'subject_id',
    'organization_uuid', 'actor_id', 'summary', 'evidence_activity_ids',
] %}

-- Current values where the data still supports the finding, else those first found.
final as (

    select
        history.finding_id,
        {% for column in columns -%}
            case
                when current_findings.finding_id is null then history.{{ column }} else current_findings.{{ column }}
            end as {{ column }},
        {% endfor -%}
        coalesce(triage.triage_status, 'open') as triage_status,
        triage.triaged_by,
        triage.triage_note,
        cast(floor(triage.seconds_to_triage / 60) as {{ dbt.type_bigint() }}) as time_to_triage_minutes,
        current_findings.finding_id is not null as is_supported,
        current_findings.finding_id is not null
        and coalesce(triage.triage_status, 'open') in ('open', 'acknowledged') as is_open,
        current_findings.is_outside_working_hours,
        coalesce(current_findings.occurred_at, history.occurred_at) as occurred_at,
        history.found_at,
        triage.triaged_at,
        triage.muted_until
    from {{ ref('finding_history') }} as history
    left join {{ ref('current_findings') }} as current_findings on history.finding_id = current_findings.finding_id
    left join {{ ref('finding_triage') }} as triage on history.finding_id = triage.finding_id

)

select * from final
