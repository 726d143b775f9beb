{{ access_end_rule('key', 'key', "'A key was used and not refused after it had become ' || reason || '.'") }}
