{{ volume_rule('mass_upload', 'upload', 'uploads') }}
