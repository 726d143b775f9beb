{# What reading changes of configuration needs of an engine. #}

{#
  A select of the `columns` of `relation` once per entry of the array at `path`, with `update_type`, `previous_value`,
  `current_value`, `entry` (as JSON text) and `entry_index` (from 1). An entry that is not an object has nulls; rows
  without entries are left out. As in `update_entries`, name only the columns that are needed.
#}
{% macro setting_entries(relation, json, path, columns) %}
    {{- return(adapter.dispatch('setting_entries')(relation, json, path, columns)) -}}
{% endmacro %}

{% macro duckdb__setting_entries(relation, json, path, columns) -%}
    select
        {{ columns | join(', ') }},
        entry_index,
        cast(entry as varchar) as entry,
        json_extract_string(entry, '$.type') as update_type,
        json_extract_string(entry, '$.previous_value') as previous_value,
        json_extract_string(entry, '$.current_value') as current_value
    from (
        select
            {{ columns | join(', ') }},
            unnest(entries) as entry,
            generate_subscripts(entries, 1) as entry_index
        from (
            select
                {{ columns | join(', ') }},
                json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}[*]') as entries
            from {{ relation }}
        ) as listed
    ) as unnested
{%- endmacro %}


{# Hash of what names one setting. `object_type` and `setting` are as in `configuration_changes`. #}
{% macro setting_key(organization_uuid, workspace_id, object_type, object_id, setting) -%}
    {{- generate_surrogate_key([
        organization_uuid,
        'case when ' ~ object_id ~ ' is null then ' ~ workspace_id ~ ' end',
        object_type,
        object_id,
        setting,
    ]) -}}
{%- endmacro %}
