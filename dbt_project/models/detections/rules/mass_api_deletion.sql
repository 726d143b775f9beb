{{ volume_rule('mass_api_deletion', 'api_deletion', 'deletions by the API') }}
