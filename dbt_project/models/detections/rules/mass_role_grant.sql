{{ volume_rule('mass_role_grant', 'role_grant', 'roles given') }}
