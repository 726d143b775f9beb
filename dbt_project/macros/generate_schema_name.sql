{# Schema names (raw, staging, intermediate, marts) are public and never prefixed; those of a build made aside end in it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ schema_of_build((custom_schema_name or target.schema) | trim) }}
{%- endmacro %}
