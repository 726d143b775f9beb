{% macro spark__text_list(texts) %}array_join({{ texts }}, ' '){% endmacro %}
