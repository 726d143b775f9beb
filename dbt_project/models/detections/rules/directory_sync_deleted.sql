{{ activity_rule(
    {'org_directory_sync_deleted': 'The sync with the identity provider was deleted.'},
    'organization',
    'organization_uuid'
) }}
