{{ activity_rule(
    {
        'admin_api_key_created': 'An admin key was created.',
        'service_key_created': 'A service key was created.',
    },
    'key',
    'object_id'
) }}
