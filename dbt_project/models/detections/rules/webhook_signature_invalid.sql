{{ activity_rule(
    {'ghe_webhook_signature_invalid': 'A webhook of GitHub Enterprise had a signature that does not match.'},
    'ghe_configuration',
    'object_id'
) }}
