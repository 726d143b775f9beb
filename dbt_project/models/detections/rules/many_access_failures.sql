{{ volume_rule('access_failure', 'failed attempts to open something') }}
