{{ volume_rule('deletion', 'deletions') }}
