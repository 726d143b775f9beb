{{ volume_rule('directory_enumeration', 'enumeration', 'looks at members, groups and invitations') }}
