{{ volume_rule('many_access_failures', 'access_failure', 'failed attempts to open something') }}
