{% macro spark__moment(occurred_at, activity_id) -%}
    struct({{ occurred_at }} as occurred_at, {{ activity_id }} as activity_id)
{%- endmacro %}


{% macro spark__moment_part(moment, part) %}{{ moment }}.{{ part }}{% endmacro %}
