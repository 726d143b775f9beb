{{ activity_rule(
    {
        'org_invite_link_generated': 'A link was created with which people can join.',
        'org_invite_link_regenerated': 'The link with which people can join was created again.',
    },
    'organization',
    'organization_uuid'
) }}
