{% macro spark__setting_entries(relation, json, path, columns) -%}
    select
        {{ columns | join(', ') }},
        entries.entry,
        entries.position + 1 as entry_index,
        get_json_object(entries.entry, '$.type') as update_type,
        get_json_object(entries.entry, '$.previous_value') as previous_value,
        get_json_object(entries.entry, '$.current_value') as current_value
    from {{ relation }}
    lateral view posexplode({{ spark_json_elements(spark__json_document(json, path)) }}) entries as position, entry
{%- endmacro %}
