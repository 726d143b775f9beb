{{ volume_rule('snapshot', 'shared snapshots') }}
