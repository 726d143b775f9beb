{{ config(materialized='table') }}

{% set rules = [
    'active_key_of_leaver',
    'activity_after_removal',
    'admin_role_given',
    'artifact_shared_with_link',
    'bulk_deletion_unaudited',
    'compliance_key_created',
    'compliance_logging_disabled',
    'compliance_read_by_new_key',
    'compliance_read_from_new_network',
    'data_exported',
    'directory_enumeration',
    'domain_changed',
    'first_seen_integration',
    'ip_restriction_deleted',
    'key_made_outside_allowlist',
    'key_unused',
    'key_used_after_end',
    'login_failures_then_success',
    'magic_link_login_without_second_factor',
    'magic_link_second_factor_disabled',
    'many_access_failures',
    'mass_deletion',
    'mass_download',
    'mass_snapshot',
    'mass_upload',
    'organization_deletion_requested',
    'overlapping_networks',
    'primary_owner_transferred',
    'provider_access',
    'self_elevation',
    'sensitive_act_after_logging_disabled',
    'spend_limit_deleted',
    'sso_weakened',
    'webhook_signature_invalid',
] %}

with

detected as (

    {% for rule in rules %}
        select
            '{{ rule }}' as rule_id,
            detections.*
        from {{ ref(rule) }} as detections
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

rules as (

    select * from {{ ref('detection_rules') }}

),

final as (

    select
        {{ hashed_id(['detected.rule_id', 'detected.subject_type', 'detected.subject_id', 'detected.anchor']) }}
            as finding_id,
        detected.rule_id,
        rules.title,
        rules.severity,
        rules.mitre_technique,
        rules.mitre_technique_name,
        detected.subject_type,
        detected.subject_id,
        detected.organization_uuid,
        detected.actor_id,
        detected.sentence as summary,  -- the public contract calls it so -- noqa: RF04
        detected.evidence_activity_ids,
        detected.occurred_at,
        {{ build_started_at() }} as found_at
    from detected
    left join rules on detected.rule_id = rules.rule_id

)

select * from final
