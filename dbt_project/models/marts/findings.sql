with

history as (

    select * from {{ ref('finding_history') }}

),

current_findings as (

    select * from {{ ref('current_findings') }}

),

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
        current_findings.finding_id is not null as is_supported,
        coalesce(current_findings.occurred_at, history.occurred_at) as occurred_at,
        history.found_at
    from history
    left join current_findings on history.finding_id = current_findings.finding_id

)

select * from final
