{% set sensitive_types = [
    'org_data_export_started', 'org_data_export_accessed', 'org_members_exported',
    'audit_log_export_started', 'audit_log_export_accessed',
    'api_key_created', 'admin_api_key_created', 'service_key_created', 'platform_api_key_created',
    'org_sso_toggled', 'org_sso_connection_deactivated', 'org_sso_connection_deleted',
    'org_magic_link_second_factor_toggled', 'org_ip_restriction_deleted', 'primary_owner_transferred',
    'org_domain_verified', 'org_deletion_requested', 'org_bulk_delete_initiated',
] %}

with

disabled as (

    select * from {{ ref('int_logging_transitions') }}
    where not is_on

),

-- Only protections switched off and things given away; switching a protection on is not sensitive.
acts as (

    select
        *,
        {{ threshold('sensitive_act_after_logging_disabled', 'hours', 'organization_uuid') }} as watched_hours
    from {{ ref('detection_activities') }}
    where
        activity_type in ({{ literals(sensitive_types) }})
        and not (
            activity_type in ('org_sso_toggled', 'org_magic_link_second_factor_toggled')
            and coalesce(is_enabled, true)
        )

),

-- While logging is off nothing is recorded there, so the same actor's acts elsewhere may be all that is visible. The
-- provider's staff and services share ids and are not matched by actor.
followed as (

    select
        acts.activity_id,
        acts.activity_type,
        acts.organization_uuid,
        acts.actor_id,
        acts.watched_hours,
        acts.occurred_at,
        {{ value_at_last('disabled.activity_id', moment('disabled.occurred_at', 'disabled.activity_id')) }}
            as disabling_activity_id
    from acts
    inner join disabled
        on
            (
                acts.organization_uuid = disabled.organization_uuid
                or (
                    acts.actor_id = disabled.actor_id
                    and acts.actor_type = disabled.actor_type
                    and acts.actor_type in (
                        'user_actor', 'api_actor', 'admin_api_key_actor', 'service_account_actor',
                        'scim_directory_sync_actor'
                    )
                )
            )
            and acts.occurred_at > disabled.occurred_at
            and acts.occurred_at <= disabled.occurred_at + {{ span('acts.watched_hours', 'hour') }}
    group by
        acts.activity_id, acts.activity_type, acts.organization_uuid, acts.actor_id, acts.watched_hours,
        acts.occurred_at

),

final as (

    select
        activity_id as anchor,
        'organization' as subject_type,
        organization_uuid as subject_id,
        organization_uuid,
        actor_id,
        activity_type || ' within ' || cast(watched_hours as {{ dbt.type_string() }})
        || ' hours after logging or the API was switched off.' as sentence,
        {{ text_array(['disabling_activity_id', 'activity_id']) }} as evidence_activity_ids,
        occurred_at
    from followed

)

select * from final
