{% macro spark__literal(text) %}{{ spark_literal(text) | trim }}{% endmacro %}


{# Of microseconds, because Spark 3.5 has no frames of such intervals over dates and times without a zone. #}
{% macro spark__order_within(moment, count, unit, gap) -%}
    {%- set one = {'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400}[unit] * 1000000 -%}
    order by timestampdiff(microsecond, timestamp_ntz '1970-01-01 00:00:00', cast({{ moment }} as timestamp_ntz))
    range between {{ count * one }} preceding
    and {% if gap %}{{ gap * one }} preceding{% else %}current row{% endif %}
{%- endmacro %}


{% macro spark__text_array(texts) %}cast(array({{ texts | join(', ') }}) as array<string>){% endmacro %}


{% macro spark__drop_uncited(detected) -%}
    {#- A table that was just made has none. -#}
    {%- if is_incremental() -%}
        {%- set findings = [detected] + ([known_findings()] if known_findings() is not none else []) -%}
        delete from {{ this }} as built
        where
            not exists (
                select 1 from (
                    {%- for relation in findings %}
                        select explode(evidence_activity_ids) as activity_id from {{ relation }}
                        {{ 'union all' if not loop.last }}
                    {%- endfor %}
                ) as cited
                where cited.activity_id = built.activity_id
            )
    {%- endif -%}
{%- endmacro %}
