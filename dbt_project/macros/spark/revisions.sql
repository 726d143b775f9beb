{#
  Through an array, as only then Spark leaves a text in its quotes. A few names cannot stand in a path; their texts come
  without quotes.
#}
{% macro spark__json_entries(relation, json) -%}
    select
        named.*,
        entries.entry_name,
        coalesce(
            case
                when entries.entry_name rlike '^[*]?$|[\'?]'
                    then regexp_replace(from_json(readable, 'map<string, string>')[entries.entry_name], '^$', '""')
                else get_json_object('[' || readable || ']', '$[*][\'' || entries.entry_name || '\']')
            end,
            'null'
        ) as entry_value
    from (
        select
            {{ relation }}.*,
            {{ spark__readable_json(relation ~ '.' ~ json) }} as readable
        from {{ relation }}
    ) as named
    lateral view explode(array_distinct(json_object_keys(named.readable))) entries as entry_name
{%- endmacro %}
