{# The schemas are public names (raw, staging, intermediate, marts): used as they are, never prefixed. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
