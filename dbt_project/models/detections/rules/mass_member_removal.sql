{{ volume_rule('mass_member_removal', 'member_removal', 'removals of members') }}
