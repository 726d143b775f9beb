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
  A select of every row of `relation` once per entry of the array `updates`, with `update_type`, `previous_value`,
  `current_value` and `update_index` (from 1). An entry that is not an object has nulls; rows without entries are
  left out. The entries stay JSON until they are read: as text, one that is a bare string would be no JSON any more.
#}
{% macro update_entries(relation, updates) %}{{ return(adapter.dispatch('update_entries')(relation, updates)) }}{% endmacro %}

{% macro duckdb__update_entries(relation, updates) -%}
    select
        entries.* exclude (entry),
        json_extract_string(entries.entry, '$.type') as update_type,
        json_extract_string(entries.entry, '$.previous_value') as previous_value,
        json_extract_string(entries.entry, '$.current_value') as current_value
    from (
        select
            {{ relation }}.*,
            unnest(json_extract({{ updates }}, '$[*]')) as entry,
            generate_subscripts(json_extract({{ updates }}, '$[*]'), 1) as update_index
        from {{ relation }}
    ) as entries
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
