{{ volume_rule('download', 'downloads') }}
