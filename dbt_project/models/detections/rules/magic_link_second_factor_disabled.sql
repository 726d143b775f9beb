{{ activity_rule(
    {'org_magic_link_second_factor_toggled': 'The second factor for magic-link sign-ins was switched off.'},
    'organization',
    'organization_uuid',
    condition='not is_enabled'
) }}
