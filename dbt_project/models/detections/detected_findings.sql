{{ config(materialized='table') }}

with

detected as (

    {% for rule in rule_thresholds() %}
        select
            '{{ rule }}' as rule_id,
            detections.*
        from {{ ref(rule) }} as detections
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        {{ generate_surrogate_key(['rule_id', 'subject_type', 'subject_id', 'anchor']) }} as finding_id,
        rule_id,
        subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        sentence,
        evidence_activity_ids,
        occurred_at
    from detected

)

select * from final
