{{ activity_rule(
    {'claude_artifact_sharing_updated': 'An artifact can be opened by anyone who has its link.'},
    'artifact',
    'object_id',
    condition="audience like '%\"anyone_with_link\"%'"
) }}
