-- Every event of a key starts from the status that the previous event left.
with

compared as (

    select
        key_event_id,
        previous_status,
        event_number,
        lag(current_status) over (partition by key_type, key_id order by event_number) as status_before
    from {{ ref('key_events') }}

)

select * from compared
where event_number > 1 and previous_status is distinct from status_before
