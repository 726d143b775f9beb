{# Level by level, in one chain: Spark computes a common table expression anew for each that names it. #}
{% macro spark__changed_json_fields(relation, key, before, after) -%}
    {%- set depth = 5 -%}
    select
        {{ key }},
        path,
        {{ field_change('before', 'after') }} as change_kind
    from (
        {%- for level in range(depth, 0, -1) %}
        select
            objects_{{ level }}.{{ key }},
            fields.field.path,
            fields.field.before,
            fields.field.after,
            coalesce(startswith(fields.field.before, '{') and startswith(fields.field.after, '{'), false) as is_object
        from (
        {%- endfor %}
        select
            {{ key }},
            '' as path,
            {{ spark__readable_json(before) }} as before,
            {{ spark__readable_json(after) }} as after,
            true as is_object
        from {{ relation }}
        where {{ before }} is not null
        {%- for level in range(1, depth + 1) %}
        ) as objects_{{ level }}
        lateral view explode(
            case
                when is_object
                    then transform(
                        array_union(
                            coalesce(json_object_keys(before), array()), coalesce(json_object_keys(after), array())
                        ),
                        name -> named_struct(
                            'path', {{ "path || '.' || " if level > 1 }}name,
                            'before', {{ spark_entry_value('before', 'name') }},
                            'after', {{ spark_entry_value('after', 'name') }}
                        )
                    )
                else array(named_struct('path', path, 'before', before, 'after', after))
            end
        ) fields as field
        where fields.field.before is distinct from fields.field.after
        {%- endfor %}
    ) as changes
{%- endmacro %}


{#
  Field `name` of a JSON object as JSON text; the text `null` for JSON null, null if missing. Through an array, as only then
  Spark leaves a text in its quotes. A few names cannot stand in a path; their texts come without quotes.
#}
{% macro spark_entry_value(json, name) -%}
    case
        when array_contains(json_object_keys({{ json }}), {{ name }})
            then coalesce(
                case
                    when {{ name }} rlike '^[*]?$|^\\s|[\'?]'
                        then regexp_replace(from_json({{ json }}, 'map<string, string>')[{{ name }}], '^$', '""')
                    else get_json_object('[' || {{ json }} || ']', '$[*][\'' || {{ name }} || '\']')
                end,
                'null'
            )
    end
{%- endmacro %}
