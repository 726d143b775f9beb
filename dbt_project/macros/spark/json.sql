{#
  The same for Spark, which reads an unpaired surrogate as '?' or fails. Changes only texts with one, and not where its
  backslash is itself escaped.
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


{% macro spark__record_field(record, path) %}{{ record }}.{{ path }}{% endmacro %}


{% macro spark__json_text(json, path) %}get_json_object({{ spark__readable_json(json) }}, '$.{{ path }}'){% endmacro %}


{% macro spark__json_strings(json, path) -%}
    {{ spark__json_record(json, {path: 'texts'}) }}.{{ path }}
{%- endmacro %}


{% macro spark__json_items(relation, json, columns) -%}
    select
        {{ columns | join(', ') }},
        elements.item
    from {{ relation }}
    lateral view explode(from_json({{ relation }}.{{ json }}, 'array<string>')) elements as item
{%- endmacro %}


{#
  The elements of a JSON array as JSON texts, in time linear in its length. `from_json` takes texts out of their quotes; which
  they were shows in a second reading, in which texts that begin like another value have a `~` before them. No quote that
  ends a text is followed by what begins a value.
#}
{% macro spark_json_elements(list) -%}
    zip_with(
        from_json({{ list }}, 'array<string>'),
        from_json(regexp_replace({{ list }}, r'([\[,]\s*")(?=[-0-9tfn{\[\\])', '$1~'), 'array<string>'),
        (element, marked) -> case
            when marked rlike r'^[-0-9tfn{\[]' then element
            else substring(to_json(array(element)), 2, length(to_json(array(element))) - 2)
        end
    )
{%- endmacro %}


{# Through an array, as only then Spark leaves a text in its quotes. #}
{% macro spark__json_field_document(json, field) -%}
    get_json_object('[' || {{ spark__readable_json(json) }} || ']', '$[*].' || {{ field }})
{%- endmacro %}


{% macro spark__json_values(relation, document, columns) -%}
    select
        {{ columns | join(', ') }},
        elements.item
    from {{ relation }}
    lateral view explode(
        coalesce(
            from_json(
                case when startswith({{ document }}, '[') then {{ document }} else '[' || {{ document }} || ']' end,
                'array<string>'
            ),
            array({{ document }})
        )
    ) elements as item
    where {{ document }} <> 'null'
{%- endmacro %}


{% macro spark__json_field_names(json, part) -%}
    {%- set readable = spark__readable_json(json) -%}
    array(
        json_object_keys({{ readable }}),
        map_keys(from_json({{ readable }}, 'struct<`{{ part }}`: map<string, string>>').{{ part }})
    )
{%- endmacro %}


{% macro spark__each_field_name(relation, field_names, of) -%}
    select
        {{ relation }}.*,
        names.field_name
    from {{ relation }}
    lateral view explode(array_distinct({{ field_names }}[{{ of - 1 }}])) names as field_name
{%- endmacro %}
