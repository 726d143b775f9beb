{% macro spark__matches_pattern(text, pattern) %}{{ text }} rlike '{{ pattern }}'{% endmacro %}


{% macro spark__replace_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement | replace('~', '$') }}')
{%- endmacro %}


{% macro spark__with_value(value, name, expression) %}transform(array({{ value }}), {{ name }} -> {{ expression }})[0]{% endmacro %}
