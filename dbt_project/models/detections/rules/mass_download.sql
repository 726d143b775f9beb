{{ volume_rule('mass_download', 'download', 'downloads') }}
