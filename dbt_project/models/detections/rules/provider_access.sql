{% set sentence -%}
    {{ literal("The provider's staff accessed your content: reason ") }}
    || coalesce(reason_code, 'not stated')
    || ', department '
    || coalesce(accessor_department, 'not stated')
    || '.'
{%- endset %}

{{ activity_rule(['anthropic_access'], 'organization', 'organization_uuid', sentence=sentence) }}
