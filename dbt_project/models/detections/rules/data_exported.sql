{{ activity_rule(
    {
        'org_data_export_started': "An export of the organization's data was started.",
        'org_data_export_accessed': "An export of the organization's data was fetched.",
        'org_members_exported': 'The list of members was exported.',
        'audit_log_export_started': 'An export of the audit log was started.',
        'audit_log_export_accessed': 'An export of the audit log was fetched.',
    },
    'organization',
    'organization_uuid'
) }}
