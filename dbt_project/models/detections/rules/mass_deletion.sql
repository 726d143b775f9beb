{{ volume_rule('mass_deletion', 'deletion', 'deletions') }}
