{# What the marts of members and users share: ids of combinations, moments, empty lists. #}

{# An id of a combination of columns. Lengths keep neighbours apart, and a null differs from an empty text. #}
{% macro hashed_id(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- set size = 'cast(length(' ~ text ~ ') as ' ~ dbt.type_string() ~ ')' -%}
        {%- do parts.append("coalesce(" ~ size ~ " || ':' || " ~ text ~ ", '-')") -%}
    {%- endfor -%}
    {{- dbt.hash(parts | join(' || ')) -}}
{%- endmacro %}


{# A value that sorts as activities do, by time and then by id, so that min and max find the first and the last. #}
{% macro moment(occurred_at, activity_id) -%}
    {{- return(adapter.dispatch('moment')(occurred_at, activity_id)) -}}
{%- endmacro %}

{% macro duckdb__moment(occurred_at, activity_id) -%}
    struct_pack(occurred_at := {{ occurred_at }}, activity_id := {{ activity_id }})
{%- endmacro %}

{% macro spark__moment(occurred_at, activity_id) -%}
    struct({{ occurred_at }} as occurred_at, {{ activity_id }} as activity_id)
{%- endmacro %}


{# `occurred_at` or `activity_id` of a moment. #}
{% macro moment_part(moment, part) %}{{ return(adapter.dispatch('moment_part')(moment, part)) }}{% endmacro %}

{% macro duckdb__moment_part(moment, part) %}struct_extract({{ moment }}, '{{ part }}'){% endmacro %}

{% macro spark__moment_part(moment, part) %}{{ moment }}.{{ part }}{% endmacro %}


{# A list of texts without any. #}
{% macro empty_strings() %}{{ return(adapter.dispatch('empty_strings')()) }}{% endmacro %}

{% macro duckdb__empty_strings() %}cast([] as varchar[]){% endmacro %}

{% macro spark__empty_strings() %}cast(array() as array<string>){% endmacro %}
