{#
  Whether rows added since the last fully successful build are unique among all rows; older rows were tested then. A
  full rebuild tests all rows. `unique` would group all of history: 0.24 s per million rows, and memory.
#}
{% test unique_of_new(model, column_name) %}

with

new_values as (

    select model.{{ column_name }} as new_value
    from {{ model }} as model
    {% if not is_full_rebuild() %}
        where model.ingest_seq > (select coalesce(max(ingest_seq), 0) from {{ source('raw', 'builds') }})
    {% endif %}

)

select model.{{ column_name }}
from {{ model }} as model
where model.{{ column_name }} in (select new_value from new_values)
group by model.{{ column_name }}
having count(*) > 1

{% endtest %}
