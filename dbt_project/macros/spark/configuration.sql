{# Through an array, as only then Spark leaves a text in its quotes. #}
{% macro spark__setting_entries(relation, json, path, columns) -%}
    {%- set readable = spark__readable_json(json) -%}
    {%- set fields = {'update_type': 'type', 'previous_value': 'previous_value', 'current_value': 'current_value'} -%}
    select
        {{ columns | join(', ') }},
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
