{# Schema names (raw, staging, intermediate, marts) are public and never prefixed. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
