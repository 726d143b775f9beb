{{ activity_rule(
    {
        'admin_api_key_deleted': 'An admin key was deleted.',
        'service_key_revoked': 'A service key was revoked.',
    },
    'key',
    'object_id'
) }}
