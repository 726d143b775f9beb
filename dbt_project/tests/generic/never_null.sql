{#
  Whether columns have a value in every row; a row of the result names a column without one. One test for all columns
  of a model, because a test costs a build more than its SQL: 40 ms each.
#}
{% test never_null(model, columns) %}

select
    case
        {%- for column in columns %}
        when model.{{ column }} is null then '{{ column }}'
        {%- endfor %}
    end as column_name,
    count(*) as null_count
from {{ model }} as model
where
    {%- for column in columns %}
    {{ 'or ' if not loop.first }}model.{{ column }} is null
    {%- endfor %}
group by 1

{% endtest %}
