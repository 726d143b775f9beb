{{ activity_rule(
    {'org_ip_restriction_updated': 'A restriction to IP addresses was changed.'},
    'organization',
    'organization_uuid'
) }}
