{# What folding the history of keys needs of an engine. #}

{# The scalar at the top-level field that the column `field` names, as text; null where either is missing. #}
{% macro json_field(json, field) %}{{ return(adapter.dispatch('json_field')(json, field)) }}{% endmacro %}

{% macro duckdb__json_field(json, field) %}json_extract_string({{ duckdb__readable_json(json) }}, '$.' || {{ field }}){% endmacro %}


{# The value at `path`, of any shape, as JSON text; null where it is missing or JSON null. #}
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


{# Identifies a key among those of its type: API keys appear under several prefixes, all other credentials under one id. #}
{% macro key_group(key_type, id) -%}
    case
        when {{ key_type }} in ('scoped_api_key', 'platform_api_key', 'admin_api_key') then {{ id_suffix(id) }}
        else {{ id }}
    end
{%- endmacro %}


{# Statuses that nothing follows: a key that an event gave one of them keeps it. #}
{% macro is_final_status(status) %}{{ status }} in ('deleted', 'revoked', 'rotated'){% endmacro %}


{# Names of the fields of a JSON object, those that are JSON null among them; null without an object. #}
{% macro json_fields(json) %}{{ return(adapter.dispatch('json_fields')(json)) }}{% endmacro %}

{% macro duckdb__json_fields(json) %}try(json_keys({{ duckdb__readable_json(json) }})){% endmacro %}


{# `user` or `service_account` for either name that the API has for that type of principal; any other as it is. #}
{% macro principal_type(type) -%}
    case {{ type }}
        when 'user_actor' then 'user' when 'service_account_actor' then 'service_account' else {{ type }}
    end
{%- endmacro %}


{# Id of the principal in the field `name` of a record; the API has moved it from `id` to a field of its type. #}
{% macro principal_id(record, name) -%}
    coalesce(
        {{ record_field(record, name ~ '.user_id') }},
        {{ record_field(record, name ~ '.service_account_id') }},
        {{ record_field(record, name ~ '.id') }}
    )
{%- endmacro %}


{#
  The last known `value` up to this row, in the order of `order_by` within `partition_by`: the last that is not null, or
  null where a later row lists one of `fields` as null (`listed_fields`).
#}
{% macro last_known(value, fields, partition_by, order_by) -%}
    {%- set is_stated = [value ~ ' is not null'] -%}
    {%- for field in fields -%}{%- do is_stated.append("array_contains(listed_fields, '" ~ field ~ "')") -%}{%- endfor -%}
    {{- last_where(value, is_stated | join(' or '), partition_by, order_by) -}}
{%- endmacro %}

{# The `value`, null or not, of the last row up to this one for which `condition` holds. #}
{% macro last_where(value, condition, partition_by, order_by) %}
    {{- return(adapter.dispatch('last_where')(value, condition, partition_by, order_by)) -}}
{% endmacro %}

{% macro duckdb__last_where(value, condition, partition_by, order_by) -%}
    list_extract(
        {{ duckdb__last_non_null('case when ' ~ condition ~ ' then [' ~ value ~ '] end', partition_by, order_by) }}, 1
    )
{%- endmacro %}


{#
  A select of the first walk of its series at or after each row of `evidence`, once per key and walk. `evidence` has the
  columns series_key, key_type, key_id and occurred_at. This costs a sort of evidence and walks, not their product.
#}
{% macro walks_after(evidence, walks) -%}
    select distinct
        series_key,
        key_type,
        key_id,
        next_walk_number as walk_number
    from (
        select
            series_key,
            key_type,
            key_id,
            min(walk_number) over (
                partition by series_key order by occurred_at, is_walk
                rows between current row and unbounded following
            ) as next_walk_number,
            is_walk
        from (
            select
                series_key,
                key_type,
                key_id,
                null as walk_number,
                0 as is_walk,
                occurred_at
            from {{ evidence }}
            union all
            select
                series_key,
                null as key_type,
                null as key_id,
                walk_number,
                1 as is_walk,
                started_at as occurred_at
            from {{ walks }}
        ) as sequence
    ) as followed
    where is_walk = 0 and next_walk_number is not null
{%- endmacro %}


{# Status of a key at a time, which is `expired` past the expiry of an active key. #}
{% macro status_at(status, expires_at, time) -%}
    case when {{ status }} = 'active' and {{ expires_at }} <= {{ time }} then 'expired' else {{ status }} end
{%- endmacro %}


{#
  How the status by events and the list of keys disagree; null where they agree. A deleted key can stay listed or not. Its
  list calls a deleted platform key archived, and any compliance key that is not active inactive.
#}
{% macro key_difference(key_type, event_value, is_listed, directory_value) -%}
    case
        when {{ event_value }} is null then case when {{ is_listed }} then 'only_in_directory' end
        when not {{ is_listed }}
            then case when not {{ is_final_status(event_value) }} then 'only_in_events' end
        when
            {{ event_value }} <> {{ directory_value }}
            and not (
                {{ directory_value }} <> 'active'
                and (
                    {{ is_final_status(event_value) }}
                    or ({{ key_type }} = 'scoped_api_key' and {{ event_value }} <> 'active')
                )
            )
            then 'status_differs'
    end
{%- endmacro %}
