{# Spark would also accept a time without a date, or only a year. #}
{% macro spark__utc_timestamp(text) -%}
    case
        when {{ text }} rlike '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'
            then cast(try_cast({{ text }} as timestamp_ltz) as timestamp_ntz)
    end
{%- endmacro %}


{# Spark's own returns a timestamp with a time zone. #}
{% macro spark__date_trunc(datepart, date) -%}
    cast(date_trunc('{{ datepart }}', {{ date }}) as timestamp_ntz)
{%- endmacro %}


{% macro spark__whole_number(text, type) -%}
    try_cast(round(try_cast({{ text }} as decimal(38, 6))) as {{ type }})
{%- endmacro %}


{% macro spark__elapsed_days(earlier, later) %}timestampdiff(day, {{ earlier }}, {{ later }}){% endmacro %}


{% macro spark__elapsed_seconds(earlier, later) %}timestampdiff(second, {{ earlier }}, {{ later }}){% endmacro %}


{% macro spark__id_suffix(id) %}substring_index({{ id }}, '_', -1){% endmacro %}


{% macro spark__ordered_list(value, order_by) -%}
    case
        when count({{ value }}) > 0
            then transform(
                array_sort(
                    collect_list(struct({{ order_by }}, {{ value }} as value)) filter (where {{ value }} is not null)
                ),
                element -> element.value
            )
    end
{%- endmacro %}


{% macro spark__each_day(relation, first_date, last_date) -%}
    select
        {{ relation }}.*,
        days.date_day
    from {{ relation }}
    lateral view explode(
        case when {{ first_date }} <= {{ last_date }} then sequence({{ first_date }}, {{ last_date }}, interval 1 day) end
    ) days as date_day
{%- endmacro %}


{% macro spark__each_item(relation, items, item) -%}
    select
        sources.*,
        exploded.{{ item }}
    from {{ relation }} as sources
    lateral view explode(sources.{{ items }}) exploded as {{ item }}
{%- endmacro %}


{% macro spark__local_time(moment, zone) -%}
    cast(convert_timezone('UTC', {{ zone }}, {{ moment }}) as timestamp_ntz)
{%- endmacro %}


{% macro spark__weekday_number(moment) %}(weekday({{ moment }}) + 1){% endmacro %}
