{{ activity_rule(
    {'primary_owner_transferred': 'Primary ownership of the organization was transferred.'},
    'user',
    'object_id'
) }}
