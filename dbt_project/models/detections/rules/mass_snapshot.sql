{{ volume_rule('mass_snapshot', 'snapshot', 'shared snapshots') }}
