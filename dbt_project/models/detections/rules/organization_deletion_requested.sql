{{ activity_rule(
    {
        'org_deletion_requested': 'The deletion of the organization was requested.',
        'org_bulk_delete_initiated': 'A bulk deletion of organizations was begun.',
        'org_deleted_via_bulk': 'The organization was deleted in bulk.',
    },
    'organization',
    'organization_uuid'
) }}
