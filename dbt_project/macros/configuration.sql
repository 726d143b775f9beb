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

{# Through an array, as only then Spark leaves a text in its quotes. #}
{% macro spark__setting_entries(relation, json, path) -%}
    {%- set readable = spark__readable_json(json) -%}
    {%- set fields = {'update_type': 'type', 'previous_value': 'previous_value', 'current_value': 'current_value'} -%}
    select
        {{ relation }}.*,
        coalesce(
            get_json_object('[' || {{ readable }} || ']', '$[*].{{ path }}[' || entries.position || ']'), 'null'
        ) as entry,
        entries.position + 1 as entry_index,
        {% for name, field in fields.items() -%}
            get_json_object({{ readable }}, '$.{{ path }}[' || entries.position || '].{{ field }}') as {{ name }}
            {{- ',' if not loop.last }}
        {% endfor -%}
    from {{ relation }}
    lateral view posexplode({{ spark__json_strings(json, path) }}) entries as position, element
{%- endmacro %}
