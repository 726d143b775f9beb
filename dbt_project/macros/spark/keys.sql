{% macro spark__json_field(json, field) %}get_json_object({{ spark__readable_json(json) }}, '$.' || {{ field }}){% endmacro %}


{# Through an array, as only then Spark leaves a text in its quotes. #}
{% macro spark__json_document(json, path) -%}
    get_json_object('[' || {{ spark__readable_json(json) }} || ']', '$[*].{{ path }}')
{%- endmacro %}


{% macro spark__update_entries(relation, updates, columns) -%}
    select
        {{ columns | join(', ') }},
        entries.position + 1 as update_index,
        get_json_object(entries.entry, '$.type') as update_type,
        get_json_object(entries.entry, '$.previous_value') as previous_value,
        get_json_object(entries.entry, '$.current_value') as current_value
    from {{ relation }}
    lateral view posexplode({{ spark_json_elements(updates) }}) entries as position, entry
{%- endmacro %}


{% macro spark__last_non_null(value, partition_by, order_by) -%}
    last_value({{ value }}) ignore nulls over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}


{% macro spark__value_at_first(value, position) %}min_by({{ value }}, {{ position }}){% endmacro %}


{% macro spark__value_at_last(value, position) %}max_by({{ value }}, {{ position }}){% endmacro %}


{% macro spark__json_fields(json) %}json_object_keys({{ spark__readable_json(json) }}){% endmacro %}


{% macro spark__last_where(value, condition, partition_by, order_by) -%}
    element_at(
        {{ spark__last_non_null('case when ' ~ condition ~ ' then array(' ~ value ~ ') end', partition_by, order_by) }}, 1
    )
{%- endmacro %}
