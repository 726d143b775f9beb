{{ volume_rule('upload', 'uploads') }}
