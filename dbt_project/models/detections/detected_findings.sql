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

identified as (

    select
        {{ generate_surrogate_key(['rule_id', 'subject_type', 'subject_id', 'anchor']) }} as finding_id,
        *
    from detected

),

-- One activity can state the same change several times, and that is one finding.
numbered as (

    select
        *,
        row_number() over (
            partition by finding_id order by occurred_at, organization_uuid, sentence
        ) as position_from_first
    from identified

),

final as (

    select
        finding_id,
        rule_id,
        subject_type,
        subject_id,
        organization_uuid,
        actor_id,
        sentence,
        evidence_activity_ids,
        occurred_at
    from numbered
    where position_from_first = 1

)

select * from final
