{% macro spark__incremental_or_table(of) %}
    {{- return('incremental' if of == 'activities' and tables_grow() else 'table') -}}
{% endmacro %}


{% macro spark__is_full_rebuild(relation) %}
    {%- if execute and tables_grow() and not flags.FULL_REFRESH -%}
        {%- for node in graph.nodes.values() if node.alias == relation.identifier and node.resource_type == 'model' -%}
            {{- return(node.config.materialized != 'incremental') -}}
        {%- endfor -%}
    {%- endif -%}
    {{- return(true) -}}
{% endmacro %}


{% macro spark__mark() %}{{ return('archive_snapshot' if tables_grow() else 'ingest_seq') }}{% endmacro %}


{% macro spark__stored_rows() %}{{ return('(select ' ~ model_columns() | join(', ') ~ ' from ' ~ this ~ ')') }}{% endmacro %}


{% macro spark__mark_own_reads(requests) -%}
    {#- A table that was just made has all requests. -#}
    {%- if is_incremental() -%}{{- default__mark_own_reads(requests) -}}{%- endif -%}
{%- endmacro %}
