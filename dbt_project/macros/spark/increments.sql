{% macro spark__incremental_or_table() %}{{ return('table') }}{% endmacro %}


{% macro spark__is_full_rebuild() %}{{ return(true) }}{% endmacro %}


{# Nothing to do: the table was just rebuilt with all requests. #}
{% macro spark__mark_own_reads(requests) %}{% endmacro %}
