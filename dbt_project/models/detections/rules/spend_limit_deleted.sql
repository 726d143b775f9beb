{{ activity_rule(
    [
        'platform_spend_limit_deleted',
        'workspace_spend_limit_deleted',
        'workspace_member_spend_limit_deleted',
        'extra_usage_spend_limit_deleted',
    ],
    'spend_limit',
    'object_id',
    sentence="'A spend limit was deleted: ' || activity_type || '.'"
) }}
