with

disagreements as (

    select * from {{ ref('int_key_disagreements') }}

),

{{ logging_of('disagreements', 'key_name') }}

select * from logging_times
