{# Expressions that engines spell differently: times, identifiers, ordered lists. #}

{# RFC 3339 text with a zone as a UTC timestamp without one; null unless the text is a time in years 1 to 9999. #}
{% macro utc_timestamp(text) %}{{ return(adapter.dispatch('utc_timestamp')(text)) }}{% endmacro %}

{% macro duckdb__utc_timestamp(text) -%}
    {#- DuckDB accepts years up to 294247, which most clients do not. -#}
    {%- set moment = "timezone('UTC', try_cast(" ~ text ~ " as timestamptz))" -%}
    case
        when {{ moment }} between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999' then {{ moment }}
    end
{%- endmacro %}


{# Text as a whole number, rounded; null if it is not a number or out of range. #}
{% macro whole_number(text, type) %}{{ return(adapter.dispatch('whole_number')(text, type)) }}{% endmacro %}

{% macro duckdb__whole_number(text, type) %}try_cast({{ text }} as {{ type }}){% endmacro %}


{# Whole days of 24 hours from `earlier` to `later`. #}
{% macro elapsed_days(earlier, later) %}{{ return(adapter.dispatch('elapsed_days')(earlier, later)) }}{% endmacro %}

{% macro duckdb__elapsed_days(earlier, later) %}date_sub('day', {{ earlier }}, {{ later }}){% endmacro %}


{# Whole seconds from `earlier` to `later`. #}
{% macro elapsed_seconds(earlier, later) %}{{ return(adapter.dispatch('elapsed_seconds')(earlier, later)) }}{% endmacro %}

{% macro duckdb__elapsed_seconds(earlier, later) %}date_sub('second', {{ earlier }}, {{ later }}){% endmacro %}


{# Part of an id after its last underscore, the same for `apikey_01J…` and `admin_api_key_01J…`. #}
{% macro id_suffix(id) %}{{ return(adapter.dispatch('id_suffix')(id)) }}{% endmacro %}

{% macro duckdb__id_suffix(id) %}split_part({{ id }}, '_', -1){% endmacro %}


{# Array of `value` in the order of `order_by`, nulls excluded. #}
{% macro ordered_list(value, order_by) %}
    {{- return(adapter.dispatch('ordered_list')(value, order_by)) -}}
{% endmacro %}

{% macro duckdb__ordered_list(value, order_by) -%}
    list({{ value }} order by {{ order_by }}) filter (where {{ value }} is not null)
{%- endmacro %}


{# Select of each row of `relation` once per date from column `first_date` to `last_date`, as `date_day`. #}
{% macro each_day(relation, first_date, last_date) %}
    {{- return(adapter.dispatch('each_day')(relation, first_date, last_date)) -}}
{% endmacro %}

{% macro duckdb__each_day(relation, first_date, last_date) -%}
    select
        {{ relation }}.*,
        cast(unnest(generate_series({{ first_date }}, {{ last_date }}, interval '1' day)) as date) as date_day
    from {{ relation }}
{%- endmacro %}


{# Select of each row of `relation` once per item of its array column `items`, as `item`. #}
{% macro each_item(relation, items, item) %}{{ return(adapter.dispatch('each_item')(relation, items, item)) }}{% endmacro %}

{% macro duckdb__each_item(relation, items, item) -%}
    select
        sources.*,
        unnest(sources.{{ items }}) as {{ item }}
    from {{ relation }} as sources
{%- endmacro %}


{# Time in UTC as the local time of a zone, both without a zone. #}
{% macro local_time(moment, zone) %}{{ return(adapter.dispatch('local_time')(moment, zone)) }}{% endmacro %}

{% macro duckdb__local_time(moment, zone) %}timezone({{ zone }}, timezone('UTC', {{ moment }})){% endmacro %}


{# Number of the weekday, from 1 for Monday. #}
{% macro weekday_number(moment) %}{{ return(adapter.dispatch('weekday_number')(moment)) }}{% endmacro %}

{% macro duckdb__weekday_number(moment) %}isodow({{ moment }}){% endmacro %}


{# Place of the first `item` in an array, from 1. #}
{% macro item_position(items, item) %}cast(array_position({{ items }}, {{ item }}) as {{ dbt.type_bigint() }}){% endmacro %}
