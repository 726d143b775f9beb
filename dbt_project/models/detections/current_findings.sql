{{ config(materialized='table') }}

with

detected as (

    {% for rule in rule_ids() %}
        {%- set described = described_rule(rule) %}
        select
            '{{ rule }}' as rule_id,
            {% for column in ['title', 'severity', 'mitre_technique', 'mitre_technique_name'] -%}
                {{ literals([described[column]]) }} as {{ column }},
            {% endfor -%}
            detections.*
        from {{ ref(rule) }} as detections
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        {{ generate_surrogate_key(['rule_id', 'subject_type', 'subject_id', 'anchor']) }} as finding_id,
        rule_id,
        title,
        severity,
        mitre_technique,
        mitre_technique_name,
        subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        sentence as summary,  -- published name -- noqa: RF04
        evidence_activity_ids,
        occurred_at,
        {{ build_started_at() }} as found_at
    from detected

)

select * from final
