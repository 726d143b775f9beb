{# Written by `python -m orchestration.docs_pages.findings`: the models in `detections/rules`, and the thresholds that
   their `.yml` states. #}
{% macro rule_thresholds() -%}
    {{- return({
        'active_key_of_leaver': {},
        'activity_after_removal': {
            'grace_minutes': {'default': 5, 'at_least': 0, 'by_organization': True},
        },
        'admin_inactive': {
            'inactive_days': {'default': 90, 'at_least': 1, 'by_organization': True},
        },
        'admin_key_created': {},
        'admin_key_deleted': {},
        'admin_role_given': {
            'admin_roles': {'default': ('workspace_admin', 'admin', 'organization_admin', 'owner', 'primary_owner'), 'at_least': 1},
        },
        'artifact_shared_with_link': {},
        'bulk_deletion_unaudited': {},
        'code_egress_enabled': {},
        'compliance_key_created': {},
        'compliance_logging_disabled': {},
        'compliance_read_by_new_key': {
            'learning_days': {'default': 30, 'at_least': 0},
        },
        'compliance_read_from_new_network': {
            'learning_days': {'default': 7, 'at_least': 0},
        },
        'data_exported': {},
        'directory_enumeration': {
            'minimum': {'default': 25, 'at_least': 15, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'directory_sync_deleted': {},
        'domain_changed': {},
        'first_seen_integration': {
            'learning_days': {'default': 30, 'at_least': 0, 'by_organization': True},
        },
        'impossible_travel': {
            'kilometres': {'default': 500, 'at_least': 100},
            'kilometres_per_hour': {'default': 800, 'at_least': 100},
        },
        'invitation_accepted_by_another': {},
        'invite_domains_widened': {},
        'invite_link_created': {},
        'ip_restriction_deleted': {},
        'ip_restriction_updated': {},
        'key_inference_after_end': {},
        'key_made_outside_allowlist': {},
        'key_owner_gone': {},
        'key_unused': {
            'unused_days': {'default': 90, 'at_least': 1, 'by_organization': True},
        },
        'key_usage_above_baseline': {
            'minimum_tokens': {'default': 1000000, 'at_least': 1, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'default': 30, 'at_least': 1},
        },
        'key_used_after_end': {
            'grace_minutes': {'default': 5, 'at_least': 0},
        },
        'key_without_expiry': {},
        'login_failures_then_success': {
            'minimum_failures': {'default': 5, 'at_least': 2},
            'minutes': {'default': 60, 'at_least': 1},
        },
        'magic_link_login_without_second_factor': {
            'watch_days': {'default': 30, 'at_least': 1, 'by_organization': True},
        },
        'magic_link_second_factor_disabled': {},
        'many_access_failures': {
            'minimum': {'default': 20, 'at_least': 10, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'many_login_failures': {
            'minimum_failures': {'at_least': 1, 'of': 'login_failures_then_success'},
            'minutes': {'at_least': 1, 'of': 'login_failures_then_success'},
        },
        'mass_api_deletion': {
            'minimum': {'default': 100, 'at_least': 50, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_chat_creation': {
            'minimum': {'default': 100, 'at_least': 50, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_deletion': {
            'minimum': {'default': 30, 'at_least': 15, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'default': 5, 'at_least': 2, 'by_organization': True},
        },
        'mass_download': {
            'minimum': {'default': 30, 'at_least': 15, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'default': 30, 'at_least': 1, 'by_organization': True},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_member_removal': {
            'minimum': {'default': 10, 'at_least': 5, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_role_grant': {
            'minimum': {'default': 20, 'at_least': 10, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_snapshot': {
            'minimum': {'default': 15, 'at_least': 8, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'mass_upload': {
            'minimum': {'default': 50, 'at_least': 25, 'by_organization': True},
            'baseline_factor': {'default': 5, 'at_least': 1, 'by_organization': True},
            'baseline_days': {'at_least': 1, 'of': 'mass_download'},
            'people_at_once': {'at_least': 1, 'of': 'mass_deletion'},
        },
        'nameless_failures_then_success': {
            'minimum_failures': {'at_least': 1, 'of': 'login_failures_then_success'},
            'minutes': {'at_least': 1, 'of': 'login_failures_then_success'},
        },
        'organization_deletion_requested': {},
        'organization_setting_weakened': {},
        'overlapping_networks': {
            'minimum_networks': {'default': 4, 'at_least': 3},
            'unusual_networks': {'default': 2, 'at_least': 1},
            'usual_days': {'default': 2, 'at_least': 1},
            'usual_people': {'default': 3, 'at_least': 1},
        },
        'password_spraying': {
            'minimum_people': {'default': 5, 'at_least': 2},
            'minutes': {'default': 60, 'at_least': 1},
        },
        'primary_owner_transferred': {},
        'project_made_public': {},
        'provider_access': {},
        'provisioning_changed': {},
        'scripted_session': {},
        'self_elevation': {
            'admin_roles': {'at_least': 1, 'of': 'admin_role_given'},
        },
        'sensitive_act_after_logging_disabled': {
            'hours': {'default': 24, 'at_least': 1, 'by_organization': True},
        },
        'spend_limit_deleted': {},
        'sso_weakened': {},
        'tunnel_token_revealed': {},
        'unexplained_difference': {},
        'webhook_signature_invalid': {},
    }) -}}
{%- endmacro %}
