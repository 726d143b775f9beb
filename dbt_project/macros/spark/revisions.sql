{# `variant_explode` also expands arrays, whose entries have no key. #}
{% macro spark__json_entries(relation, json) -%}
    select
        {{ relation }}.*,
        entries.key as entry_name,
        to_json(entries.value) as entry_value
    from
        {{ relation }},
        lateral variant_explode(try_parse_json({{ spark__readable_json(relation ~ '.' ~ json) }})) as entries
    where entries.key is not null
{%- endmacro %}
