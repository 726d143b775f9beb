{{ activity_rule(
    {'org_ip_restriction_deleted': 'A restriction to IP addresses was deleted.'},
    'organization',
    'organization_uuid'
) }}
