{{ activity_rule(
    {
        'org_domain_verified': "A domain was verified as the organization's own.",
        'org_domain_removed': 'A domain was removed from the organization.',
    },
    'domain',
    'object_id'
) }}
