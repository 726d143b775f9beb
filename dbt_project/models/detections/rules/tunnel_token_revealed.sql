{{ activity_rule(
    {'tunnel_token_revealed': 'The token of a tunnel was revealed.'},
    'tunnel_token',
    'object_id'
) }}
