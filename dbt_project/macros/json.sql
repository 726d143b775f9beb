{# JSON access, per engine. `json` is a column that holds JSON text; `path` is dotted, without the leading `$.`. #}

{#
  JSON text in a form that DuckDB reads. An escaped half of a surrogate pair is valid JSON (RFC 8259, 8.2), but
  DuckDB refuses the whole text: its surrogates are read as U+FFFD. The search for the few such texts is cheap.
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
  The same for Spark, which reads half of a pair as '?', or nothing at all: only texts with such a half are changed, and
  not where its backslash is escaped itself.
#}
{% macro spark__readable_json(json) -%}
    case
        when
            (contains({{ json }}, r'\ud') or contains({{ json }}, r'\uD'))
            and {{ json }} rlike concat(
                r'(?<!\\)(\\\\)*\\u[dD]([89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])',
                r'|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F])'
            )
            then regexp_replace({{ json }}, r'\\u[dD][89a-fA-F][0-9a-fA-F]{2}', r'\\ufffd')
        else {{ json }}
    end
{%- endmacro %}


{#
  JSON text as one value with fields, read in one pass however many fields it has; null where the text is no JSON
  object. `fields` is a dict from names to what stands there: 'text', 'texts' (an array of strings), 'json' (of
  whatever shape, as JSON text) or a dict in turn. What is missing or JSON null is null.
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

{% macro spark__json_record(json, fields) -%}
    from_json({{ spark__readable_json(json) }}, '{{ spark__json_shape(fields) }}')
{%- endmacro %}

{% macro spark__json_shape(fields) -%}
    {%- set types = {'text': 'string', 'texts': 'array<string>', 'json': 'string'} -%}
    {%- set parts = [] -%}
    {%- for name, kind in fields.items() -%}
        {%- do parts.append('`' ~ name ~ '`: ' ~ (spark__json_shape(kind) if kind is mapping else types[kind])) -%}
    {%- endfor -%}
    {{- 'struct<' ~ parts | join(', ') ~ '>' -}}
{%- endmacro %}


{# The field of a record at a dotted `path`. #}
{% macro record_field(record, path) %}{{ return(adapter.dispatch('record_field')(record, path)) }}{% endmacro %}

{% macro duckdb__record_field(record, path) -%}
    {%- set found = namespace(value=record) -%}
    {%- for name in path.split('.') -%}
        {%- set found.value = "struct_extract(" ~ found.value ~ ", '" ~ name ~ "')" -%}
    {%- endfor -%}
    {{- found.value -}}
{%- endmacro %}

{% macro spark__record_field(record, path) %}{{ record }}.{{ path }}{% endmacro %}


{# The scalar at `path` as text; null where it is missing or JSON null, or where the text is no JSON. #}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text')(json, path)) }}{% endmacro %}

{% macro duckdb__json_text(json, path) %}try(json_extract_string({{ duckdb__readable_json(json) }}, '$.{{ path }}')){% endmacro %}

{% macro spark__json_text(json, path) %}get_json_object({{ spark__readable_json(json) }}, '$.{{ path }}'){% endmacro %}


{# The array of strings at `path`; null where it is missing or JSON null. #}
{% macro json_strings(json, path) %}{{ return(adapter.dispatch('json_strings')(json, path)) }}{% endmacro %}

{% macro duckdb__json_strings(json, path) -%}
    try_cast(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}') as varchar[])
{%- endmacro %}

{% macro spark__json_strings(json, path) -%}
    {{ spark__json_record(json, {path: 'texts'}) }}.{{ path }}
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

{% macro spark__json_items(relation, json, columns) -%}
    select
        {{ columns | join(', ') }},
        elements.item
    from {{ relation }}
    lateral view explode(from_json({{ relation }}.{{ json }}, 'array<string>')) elements as item
{%- endmacro %}


{#
  The names of the fields of the record and those of the object in its field `part`, in one reading of the text. What
  comes out is for `each_field_name` alone.
#}
{% macro json_field_names(json, part) %}{{ return(adapter.dispatch('json_field_names')(json, part)) }}{% endmacro %}

{% macro duckdb__json_field_names(json, part) -%}
    try(json_keys({{ duckdb__readable_json(json) }}, ['$', '$.{{ part }}']))
{%- endmacro %}

{% macro spark__json_field_names(json, part) -%}
    {%- set readable = spark__readable_json(json) -%}
    array(
        json_object_keys({{ readable }}),
        map_keys(from_json({{ readable }}, 'struct<`{{ part }}`: map<string, string>>').{{ part }})
    )
{%- endmacro %}


{#
  A select of every row of `relation` once per name in its column `field_names`, as `field_name`: names of the record
  (`of` 1) or of its part (`of` 2). A name that a record has twice counts once.
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

{% macro spark__each_field_name(relation, field_names, of) -%}
    select
        {{ relation }}.*,
        names.field_name
    from {{ relation }}
    lateral view explode(array_distinct({{ field_names }}[{{ of - 1 }}])) names as field_name
{%- endmacro %}
