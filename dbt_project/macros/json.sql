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


{# The scalar at `path` as text; null where it is missing or JSON null, or where the text is no JSON. #}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text')(json, path)) }}{% endmacro %}

{% macro duckdb__json_text(json, path) %}try(json_extract_string({{ duckdb__readable_json(json) }}, '$.{{ path }}')){% endmacro %}

{% macro spark__json_text(json, path) %}get_json_object({{ json }}, '$.{{ path }}'){% endmacro %}


{# The array of strings at `path`; null where it is missing or JSON null. #}
{% macro json_strings(json, path) %}{{ return(adapter.dispatch('json_strings')(json, path)) }}{% endmacro %}

{% macro duckdb__json_strings(json, path) -%}
    try_cast(json_extract({{ duckdb__readable_json(json) }}, '$.{{ path }}') as varchar[])
{%- endmacro %}

{% macro spark__json_strings(json, path) -%}
    from_json(get_json_object({{ json }}, '$.{{ path }}'), 'array<string>')
{%- endmacro %}


{#
  A select of every row of `relation` once per element of the array at `path`, with `item` (the element as text;
  an object as JSON text) and `item_index` (from 1). Rows without elements are left out.
#}
{% macro json_items(relation, json, path) %}
    {{- return(adapter.dispatch('json_items')(relation, json, path)) -}}
{% endmacro %}

{% macro duckdb__json_items(relation, json, path) -%}
    select
        {{ relation }}.*,
        unnest(json_extract_string({{ duckdb__readable_json(json) }}, '$.{{ path }}[*]')) as item,
        generate_subscripts(json_extract_string({{ duckdb__readable_json(json) }}, '$.{{ path }}[*]'), 1) as item_index
    from {{ relation }}
{%- endmacro %}

{% macro spark__json_items(relation, json, path) -%}
    select
        {{ relation }}.*,
        elements.item,
        elements.position + 1 as item_index
    from {{ relation }}
    lateral view posexplode(from_json(get_json_object({{ json }}, '$.{{ path }}'), 'array<string>')) elements
        as position, item
{%- endmacro %}


{#
  The names of the fields of the record itself, or of the object in its field `field`: each name once, in no order.
  An empty list or null where there is no object.
#}
{% macro json_field_names(json, field=none) %}
    {{- return(adapter.dispatch('json_field_names')(json, field)) -}}
{% endmacro %}

{% macro duckdb__json_field_names(json, field=none) -%}
    list_distinct(try(json_keys({{ duckdb__readable_json(json) }}{% if field %}, '$.{{ field }}'{% endif %})))
{%- endmacro %}

{% macro spark__json_field_names(json, field=none) -%}
    array_distinct(json_object_keys({% if field %}get_json_object({{ json }}, '$.{{ field }}'){% else %}{{ json }}{% endif %}))
{%- endmacro %}
