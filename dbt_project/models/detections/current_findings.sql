{{ config(materialized='table') }}

with

-- A setting for one organization takes precedence over one for all.
settings as (

    select
        rule_id,
        organization_uuid,
        max(case when setting = 'enabled' then setting_value end) as enabled,
        max(case when setting = 'severity' then setting_value end) as severity
    from {{ ref('stg_detections__settings') }}
    group by rule_id, organization_uuid

),

final as (

    select
        detected.finding_id,
        detected.rule_id,
        rules.title,
        coalesce(of_organization.severity, of_all.severity, rules.severity) as severity,
        rules.mitre_technique,
        rules.mitre_technique_name,
        detected.subject_type,
        detected.subject_id,
        detected.organization_uuid,
        detected.actor_id,
        detected.sentence as summary,  -- published name -- noqa: RF04
        detected.evidence_activity_ids,
        hours.is_outside_working_hours,
        detected.occurred_at,
        {{ build_started_at() }} as found_at
    from {{ ref('detected_findings') }} as detected
    inner join {{ ref('detection_rules') }} as rules on detected.rule_id = rules.rule_id
    left join {{ ref('allowed_findings') }} as allowed on detected.finding_id = allowed.finding_id
    left join {{ ref('finding_hours') }} as hours on detected.finding_id = hours.finding_id
    left join settings as of_all on detected.rule_id = of_all.rule_id and of_all.organization_uuid is null
    left join settings as of_organization
        on
            detected.rule_id = of_organization.rule_id
            and detected.organization_uuid = of_organization.organization_uuid
    where
        allowed.finding_id is null
        and coalesce(of_organization.enabled, of_all.enabled, rules.enabled) = 'true'

)

select * from final
