{# What folding the history of keys needs of an engine. #}

{# The scalar at the top-level field that the column `field` names, as text; null where either is missing. #}
{% macro json_field(json, field) %}{{ return(adapter.dispatch('json_field')(json, field)) }}{% endmacro %}

{% macro duckdb__json_field(json, field) %}json_extract_string({{ duckdb__readable_json(json) }}, '$.' || {{ field }}){% endmacro %}


{# What stands at `path`, of whatever shape, as JSON text; null where it is missing or JSON null. #}
{% macro json_document(json, path) %}{{ return(adapter.dispatch('json_document')(json, path)) }}{% endmacro %}

{% macro duckdb__json_document(json, path) -%}
    nullif(cast(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}') as varchar), 'null')
{%- endmacro %}


{#
  A select of the `columns` of `relation` once per entry of the JSON array in its column `updates`, with `update_type`,
  `previous_value`, `current_value` and `update_index` (from 1). An entry that is not an object has nulls; rows without
  entries are left out. Name only the columns that are needed: each is repeated for every entry, and the engine does
  not leave unused ones out by itself.
#}
{% macro update_entries(relation, updates, columns) -%}
    {{- return(adapter.dispatch('update_entries')(relation, updates, columns)) -}}
{%- endmacro %}

{% macro duckdb__update_entries(relation, updates, columns) -%}
    {%- set shape = '[' ~ duckdb__json_shape({'type': 'text', 'previous_value': 'text', 'current_value': 'text'}) ~ ']' -%}
    select
        {{ columns | join(', ') }},
        update_index,
        entry.type as update_type,
        entry.previous_value,
        entry.current_value
    from (
        select
            {{ columns | join(', ') }},
            unnest(entries) as entry,
            generate_subscripts(entries, 1) as update_index
        from (
            select
                {{ columns | join(', ') }},
                json_transform({{ updates }}, '{{ shape }}') as entries
            from {{ relation }}
        ) as listed
    ) as unnested
{%- endmacro %}


{# The last `value` that is not null up to this row, in the order of `order_by` within `partition_by`. #}
{% macro last_non_null(value, partition_by, order_by) %}
    {{- return(adapter.dispatch('last_non_null')(value, partition_by, order_by)) -}}
{% endmacro %}

{% macro duckdb__last_non_null(value, partition_by, order_by) -%}
    last_value({{ value }} ignore nulls) over (
        partition by {{ partition_by }} order by {{ order_by }}
        rows between unbounded preceding and current row
    )
{%- endmacro %}


{# Aggregates: `value`, null or not, in the row where `position` is smallest, or greatest. #}
{% macro value_at_first(value, position) %}{{ return(adapter.dispatch('value_at_first')(value, position)) }}{% endmacro %}

{% macro duckdb__value_at_first(value, position) %}arg_min_null({{ value }}, {{ position }}){% endmacro %}

{% macro value_at_last(value, position) %}{{ return(adapter.dispatch('value_at_last')(value, position)) }}{% endmacro %}

{% macro duckdb__value_at_last(value, position) %}arg_max_null({{ value }}, {{ position }}){% endmacro %}


{# What tells keys of one type apart: API keys appear under several prefixes, all other credentials under one id. #}
{% macro key_group(key_type, id) -%}
    case
        when {{ key_type }} in ('scoped_api_key', 'platform_api_key', 'admin_api_key') then {{ id_suffix(id) }}
        else {{ id }}
    end
{%- endmacro %}


{# Statuses that nothing follows: a key that an event gave one of them keeps it. #}
{% macro is_final_status(status) %}{{ status }} in ('deleted', 'revoked', 'rotated'){% endmacro %}
