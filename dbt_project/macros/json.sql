{# JSON access, per engine. `json` is a column with JSON text; `path` is dotted, without the leading `$.`. #}

{#
  JSON text that DuckDB can parse. An escaped unpaired surrogate is valid JSON (RFC 8259, 8.2), but DuckDB rejects the
  whole text, so its surrogates are replaced with U+FFFD. Finding the few such texts is cheap.
#}
{% macro duckdb__readable_json(json) -%}
    case
        when contains({{ json }}, '\ud') or contains({{ json }}, '\uD')
            then
                case
                    when json_valid({{ json }}) then {{ json }}
                    else regexp_replace({{ json }}, '\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\ufffd', 'g')
                end
        else {{ json }}
    end
{%- endmacro %}


{#
  JSON text as one struct, parsed in a single pass; null if the text is not a JSON object. `fields` maps names to types:
  'text', 'texts' (an array of strings), 'json' (any shape, as JSON text) or a nested dict. Missing fields and JSON null
  are null.
#}
{% macro json_record(json, fields) %}{{ return(adapter.dispatch('json_record')(json, fields)) }}{% endmacro %}

{% macro duckdb__json_record(json, fields) -%}
    {%- set shape = duckdb__json_shape(fields) -%}
    coalesce(
        try(json_transform({{ json }}, '{{ shape }}')),
        try(json_transform({{ duckdb__readable_json(json) }}, '{{ shape }}'))
    )
{%- endmacro %}

{% macro duckdb__json_shape(fields) -%}
    {%- set types = {'text': '"VARCHAR"', 'texts': '["VARCHAR"]', 'json': '"JSON"'} -%}
    {%- set parts = [] -%}
    {%- for name, kind in fields.items() -%}
        {%- do parts.append('"' ~ name ~ '":' ~ (duckdb__json_shape(kind) if kind is mapping else types[kind])) -%}
    {%- endfor -%}
    {{- '{' ~ parts | join(',') ~ '}' -}}
{%- endmacro %}


{# Field of a record at a dotted `path`. #}
{% macro record_field(record, path) %}{{ return(adapter.dispatch('record_field')(record, path)) }}{% endmacro %}

{% macro duckdb__record_field(record, path) -%}
    {%- set found = namespace(value=record) -%}
    {%- for name in path.split('.') -%}
        {%- set found.value = "struct_extract(" ~ found.value ~ ", '" ~ name ~ "')" -%}
    {%- endfor -%}
    {{- found.value -}}
{%- endmacro %}


{# Scalar at `path` as text; null if it is missing or JSON null, or if the text is not JSON. #}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text')(json, path)) }}{% endmacro %}

{% macro duckdb__json_text(json, path) %}try(json_extract_string({{ duckdb__readable_json(json) }}, '$.{{ path }}')){% endmacro %}


{# Array of strings at `path`; null if it is missing or JSON null. #}
{% macro json_strings(json, path) %}{{ return(adapter.dispatch('json_strings')(json, path)) }}{% endmacro %}

{% macro duckdb__json_strings(json, path) -%}
    try_cast(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}') as varchar[])
{%- endmacro %}


{#
  A select of the `columns` of `relation` once per element of the JSON array in its column `json`, with `item` (the
  element as text; an object as JSON text). Rows without elements are left out. As in `update_entries`, name only the
  columns that are needed.
#}
{% macro json_items(relation, json, columns) %}
    {{- return(adapter.dispatch('json_items')(relation, json, columns)) -}}
{% endmacro %}

{% macro duckdb__json_items(relation, json, columns) -%}
    select
        {{ columns | join(', ') }},
        unnest(items) as item
    from (
        select
            {{ columns | join(', ') }},
            json_extract_string({{ json }}, '$[*]') as items
        from {{ relation }}
        where {{ json }} is not null
    ) as listed
{%- endmacro %}


{# What the record has at the dotted path in the column `field`, of any shape, as JSON text; null where it is missing. #}
{% macro json_field_document(json, field) %}{{ return(adapter.dispatch('json_field_document')(json, field)) }}{% endmacro %}

{% macro duckdb__json_field_document(json, field) -%}
    cast(json_extract({{ duckdb__readable_json(json) }}, '$.' || {{ field }}) as varchar)
{%- endmacro %}


{#
  A select of the `columns` of `relation` once per value of its column `document`, as `json_field_document` gives it,
  with `item`: each element of an array, else the value itself, as text. Null and an empty array have no row. What is no
  JSON, as the text of a setting's value, is one item.
#}
{% macro json_values(relation, document, columns) %}
    {{- return(adapter.dispatch('json_values')(relation, document, columns)) -}}
{% endmacro %}

{% macro duckdb__json_values(relation, document, columns) -%}
    select
        {{ columns | join(', ') }},
        unnest(
            case
                when starts_with({{ document }}, '[')
                    then coalesce(try(json_extract_string({{ document }}, '$[*]')), [{{ document }}])
                else [coalesce(try(json_extract_string({{ document }}, '$')), {{ document }})]
            end
        ) as item
    from {{ relation }}
    where {{ document }} <> 'null'
{%- endmacro %}


{#
  Field names of the record and of the object in its field `part`, in a single pass. The result is input for
  `each_field_name`.
#}
{% macro json_field_names(json, part) %}{{ return(adapter.dispatch('json_field_names')(json, part)) }}{% endmacro %}

{% macro duckdb__json_field_names(json, part) -%}
    try(json_keys({{ duckdb__readable_json(json) }}, ['$', '$.{{ part }}']))
{%- endmacro %}


{#
  Select of each row of `relation` once per distinct name in its column `field_names`, as `field_name`: names of the
  record (`of` 1) or of its part (`of` 2).
#}
{% macro each_field_name(relation, field_names, of) %}
    {{- return(adapter.dispatch('each_field_name')(relation, field_names, of)) -}}
{% endmacro %}

{% macro duckdb__each_field_name(relation, field_names, of) -%}
    select
        {{ relation }}.*,
        unnest(list_distinct({{ field_names }}[{{ of }}])) as field_name
    from {{ relation }}
{%- endmacro %}
