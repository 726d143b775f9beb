{{ volume_rule('enumeration', 'looks at members, groups and invitations') }}
