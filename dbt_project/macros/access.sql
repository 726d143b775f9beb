{# What tables of access need of an engine. #}

{# The texts of an array in one text, separated by spaces; null where the array is. #}
{% macro text_list(texts) %}{{ return(adapter.dispatch('text_list')(texts)) }}{% endmacro %}

{% macro duckdb__text_list(texts) %}array_to_string({{ texts }}, ' '){% endmacro %}
