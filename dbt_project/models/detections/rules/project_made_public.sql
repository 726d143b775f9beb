{{ activity_rule(
    {'claude_project_sharing_updated': 'A project was made public.'},
    'project',
    'object_id',
    condition="audience like '%\"public\"%'"
) }}
