{# Comparison of two contents of a record. #}

{#
  Select of each row of `relation` once per field of the JSON object in its column `json`, with `entry_name` and
  `entry_value` (as JSON text; the text `null` for JSON null). A value that is not an object has no fields. The first of
  duplicate fields counts.
#}
{% macro duckdb__json_entries(relation, json) -%}
    select
        named.* exclude (readable),
        cast(
            json_extract(named.readable, '/' || replace(replace(named.entry_name, '~', '~0'), '/', '~1')) as varchar
        ) as entry_value
    from (
        select
            readables.*,
            unnest(list_distinct(try(json_keys(readables.readable)))) as entry_name
        from (
            select
                {{ relation }}.*,
                {{ duckdb__readable_json(relation ~ '.' ~ json) }} as readable
            from {{ relation }}
        ) as readables
    ) as named
{%- endmacro %}


{#
  Select of the fields in which two JSON objects differ, per column `key` of `relation`, with `path` (dotted) and
  `change_kind`. Nested objects are compared field by field down to five levels; an array is one value.
#}
{% macro changed_json_fields(relation, key, before, after) %}
    {{- return(adapter.dispatch('changed_json_fields')(relation, key, before, after)) -}}
{% endmacro %}

{% macro duckdb__changed_json_fields(relation, key, before, after) -%}
    {%- set depth = 5 -%}
    with

    objects_1 as (

        select
            {{ key }},
            '' as path,
            {{ before }} as before,
            {{ after }} as after
        from {{ relation }}
        where {{ before }} is not null

    ),

    {% for level in range(1, depth + 1) %}
        old_{{ level }} as ({{ duckdb__json_entries('objects_' ~ level, 'before') }}),

        new_{{ level }} as ({{ duckdb__json_entries('objects_' ~ level, 'after') }}),

        fields_{{ level }} as (

            select
                coalesce(old_{{ level }}.{{ key }}, new_{{ level }}.{{ key }}) as {{ key }},
                coalesce(old_{{ level }}.path || old_{{ level }}.entry_name, new_{{ level }}.path || new_{{ level }}.entry_name)
                    as path,
                old_{{ level }}.entry_value as before,
                new_{{ level }}.entry_value as after,
                coalesce(left(old_{{ level }}.entry_value, 1) = '{' and left(new_{{ level }}.entry_value, 1) = '{', false)
                    as is_object
            from old_{{ level }}
            full outer join new_{{ level }}
                on
                    old_{{ level }}.{{ key }} = new_{{ level }}.{{ key }}
                    and old_{{ level }}.path = new_{{ level }}.path
                    and old_{{ level }}.entry_name = new_{{ level }}.entry_name
            where old_{{ level }}.entry_value is distinct from new_{{ level }}.entry_value

        ),

        objects_{{ level + 1 }} as (

            select
                {{ key }},
                path || '.' as path,
                before,
                after
            from fields_{{ level }}
            where is_object

        ){{ ',' if not loop.last }}
    {% endfor %}

    {% for level in range(1, depth + 1) %}
        select
            {{ key }},
            path,
            {{ field_change('before', 'after') }} as change_kind
        from fields_{{ level }}
        {% if not loop.last %}
            where not is_object
            union all
        {% endif %}
    {% endfor %}
{%- endmacro %}


{# Change of a field between two contents of its record, both as JSON text, null if missing. #}
{% macro field_change(before, after) -%}
    {%- set empty = "('null', '\"\"', '[]', '{}')" -%}
    case
        when {{ after }} is null then 'fields_removed'
        when {{ before }} is null then 'fields_added'
        when {{ after }} in {{ empty }} and {{ before }} not in {{ empty }} then 'fields_emptied'
        else 'values_changed'
    end
{%- endmacro %}
