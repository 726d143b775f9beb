{% macro spark__text_array(texts) %}array({{ texts | join(', ') }}){% endmacro %}
