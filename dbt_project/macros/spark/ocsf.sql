{% macro spark__object(attributes) -%}
    {%- set parts = [] -%}
    {%- for name, value in attributes.items() -%}{%- do parts.append("'" ~ name ~ "', " ~ value) -%}{%- endfor -%}
    named_struct({{ parts | join(', ') }})
{%- endmacro %}


{% macro spark__epoch_milliseconds(moment) -%}
    timestampdiff(millisecond, timestamp_ntz '1970-01-01 00:00:00', {{ moment }})
{%- endmacro %}


{# Values come out as texts: Spark has no map of values of any type. #}
{% macro spark__json_without(json, fields) -%}
    nullif(
        to_json(
            map_filter(
                from_json({{ spark__readable_json(json) }}, 'map<string, string>'),
                (name, value) -> name not in ('{{ fields | join("', '") }}')
            )
        ),
        '{}'
    )
{%- endmacro %}


{% macro spark__ocsf_uids(texts) %}transform({{ texts }}, text -> named_struct('uid', text)){% endmacro %}
