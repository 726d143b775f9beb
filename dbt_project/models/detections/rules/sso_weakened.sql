{{ activity_rule(
    {
        'org_sso_toggled': 'Single sign-on was switched off.',
        'org_sso_connection_deactivated': 'A connection to the identity provider was deactivated.',
        'org_sso_connection_deleted': 'A connection to the identity provider was deleted.',
    },
    'organization',
    'organization_uuid',
    condition="(activity_type <> 'org_sso_toggled' or not is_enabled)"
) }}
