{# What reading changes of configuration needs of an engine. #}

{#
  A select of every row of `relation` once per entry of the array at `path`, with `update_type`, `previous_value`,
  `current_value`, `entry` (as JSON text) and `entry_index` (from 1). An entry that is not an object has nulls; rows
  without entries are left out.
#}
{% macro setting_entries(relation, json, path) %}
    {{- return(adapter.dispatch('setting_entries')(relation, json, path)) -}}
{% endmacro %}

{% macro duckdb__setting_entries(relation, json, path) -%}
    select
        entries.* exclude (entry),
        cast(entries.entry as varchar) as entry,
        json_extract_string(entries.entry, '$.type') as update_type,
        json_extract_string(entries.entry, '$.previous_value') as previous_value,
        json_extract_string(entries.entry, '$.current_value') as current_value
    from (
        select
            {{ relation }}.*,
            unnest(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}[*]')) as entry,
            generate_subscripts(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}[*]'), 1) as entry_index
        from {{ relation }}
    ) as entries
{%- endmacro %}
