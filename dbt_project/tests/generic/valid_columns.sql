{#
  What holds for the columns of a model, as one test: a test costs a build 40 ms beside its SQL. A row of the result says
  which claim is broken, and by how many rows or values.

  `never_null`: columns. `unique`: columns or expressions. `unique_of_new`: of rows added since the last fully successful
  build among all rows; older rows were tested then, and a full rebuild tests all rows. `unique` would group all of
  history: 0.24 s per million rows, and memory. `accepted_values`: values by column; null is always accepted.
#}
{% test valid_columns(model, never_null=[], unique=[], unique_of_new=[], accepted_values={}) %}

{%- set broken = [] -%}
{%- for column in never_null -%}
    {%- do broken.append((column ~ ' is null', column ~ ' is null')) -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- do broken.append((column ~ ' is of no accepted value', column ~ " not in ('" ~ values | join("', '") ~ "')")) -%}
{%- endfor -%}

{%- if broken %}

select
    case
        {%- for claim, condition in broken %}
            when {{ condition }} then '{{ claim }}'
        {%- endfor %}
    end as broken_claim,
    count(*) as broken_count
from {{ model }}
where
    {%- for claim, condition in broken %}
        {{ 'or ' if not loop.first }}{{ condition }}
    {%- endfor %}
group by 1

{%- endif %}

{%- for key in unique + unique_of_new %}

    {{ 'union all' if broken or not loop.first }}

    select
        '{{ key | replace("'", "''") }} is not unique' as broken_claim,
        count(*) as broken_count
    from (
        select {{ key }} as key_value
        from {{ model }}
        where
            {% if key in unique_of_new and not is_full_rebuild(model) -%}
                {{ key }} in (
                    select added.{{ key }}
                    from {{ model }} as added
                    where added.{{ mark() }} > (select coalesce(max({{ mark() }}), 0) from {{ source('raw', 'builds') }})
                )
            {%- else -%}
                {{ key }} is not null
            {%- endif %}
        group by 1
        having count(*) > 1
    ) as repeated
    having count(*) > 0

{%- endfor %}

{% endtest %}
