{{ activity_rule(
    ['api_key_created', 'admin_api_key_created', 'service_key_created'],
    'key',
    'object_id',
    condition="scopes like '%\"read:compliance_%'",
    sentence="'A key that can read compliance data was created, with the scopes ' || scopes || '.'"
) }}
