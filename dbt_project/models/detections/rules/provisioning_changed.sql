{{ activity_rule(
    {
        'org_sso_group_role_mappings_updated': 'The mapping of groups to roles was changed.',
        'org_sso_provisioning_mode_changed': 'The mode in which people are provisioned was changed.',
        'org_sso_seat_tier_mappings_updated': 'The mapping of groups to seats was changed.',
    },
    'organization',
    'organization_uuid'
) }}
