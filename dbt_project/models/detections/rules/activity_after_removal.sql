{{ access_end_rule(
    'membership',
    'user',
    "'Acted in the organization after the membership had ended (' || reason || ').'"
) }}
