{#-
  What was told stays as it was told, also when late data takes away what it rested on, and when every other table is
  built anew: a full refresh leaves it.
-#}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        on_schema_change='append_new_columns'
    )
}}

with

found as (

    select found.* from {{ ref('findings_today') }} as found
    {% if is_incremental() %}
        where found.finding_id not in (select told.finding_id from {{ this }} as told)
    {% endif %}

)

select * from found
