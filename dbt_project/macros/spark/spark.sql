{# Overrides of dbt-spark: types, seeds, contracts, and the source of `raw`. #}

{# Spark type for a `data_type` of the project. Timestamps have no time zone, as in DuckDB. #}
{% macro spark_type(data_type) -%}
    {{- return({
        'varchar': 'string',
        'varchar[]': 'array<string>',
        'integer': 'int',
        'timestamp': 'timestamp_ntz',
    }.get(data_type, data_type)) -}}
{%- endmacro %}


{% macro spark__type_timestamp() %}timestamp_ntz{% endmacro %}


{# Contracts state DuckDB types. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set translated = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do translated.update({name: dict(column, data_type=spark_type(column['data_type']))}) -%}
    {%- endfor -%}
    {{- return(default__get_empty_schema_sql(translated)) -}}
{%- endmacro %}


{# dbt-spark does not escape apostrophes in seeds, and writes null as 'None'. #}
{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- for rows in agate_table.rows | batch(500) -%}
        {%- call statement('rows') -%}
            insert into {{ this }} values
            {% for row in rows -%}
                (
                {%- for name in agate_table.column_names -%}
                    cast({{ spark_literal(row[name]) }} as {{ spark_type(types.get(name, 'varchar')) }})
                    {{- ', ' if not loop.last -}}
                {%- endfor -%}
                ){{ ',' if not loop.last }}
            {% endfor %}
        {%- endcall -%}
    {%- endfor -%}
    {{ return('-- ' ~ agate_table.rows | length ~ ' rows') }}
{% endmacro %}

{% macro spark_literal(value) -%}
    {%- if value is none -%} null
    {%- else -%} '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}

{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set statement_text -%}
        create {{ 'or replace ' if tables_grow() }}table {{ this }} (
            {%- for name in agate_table.column_names -%}
                {{ adapter.quote(name) }} {{ spark_type(types.get(name, 'varchar')) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        ) {{ file_format_clause() }} {{ location_clause() }}
    {%- endset -%}
    {%- call statement('_') %}{{ statement_text }}{% endcall -%}
    {{ return(statement_text) }}
{% endmacro %}


{# Unit test rows use the types of contracts too. #}
{% macro spark__safe_cast(field, type) -%}
    cast({{ field }} as {{ spark_type(type) }})
{%- endmacro %}
