{% set place = ('key_type, key_id', 'event_number') %}
{% set key = 'partition by %s order by %s' % place %}

with

event_states as (

    select * from {{ ref('int_key_shown_states') }}

),

newest as (

    select max(occurred_at) as occurred_at from {{ ref('activities') }}

),

-- Number 0 is the time before the first event, unless that is the creation. It begins with the creation if only a list
-- states that and the key was active.
stated as (

    select
        activity_id,
        key_id,
        key_type,
        current_status as status,
        event_number,
        is_status_change,
        occurred_at as valid_from,
        expires_at
    from event_states

    union all

    select
        null as activity_id,
        identities.key_id,
        identities.key_type,
        coalesce(event_states.previous_status, 'active') as status,
        0 as event_number,
        false as is_status_change,
        case
            when event_states.previous_status = 'active' and listed.created_at <= event_states.occurred_at
                then listed.created_at
        end as valid_from,
        null as expires_at
    from {{ ref('int_key_identities') }} as identities
    left join event_states
        on
            identities.key_type = event_states.key_type
            and identities.key_id = event_states.key_id
            and event_states.event_number = 1
    left join {{ ref('int_key_listed_states') }} as listed
        on identities.key_type = listed.key_type and identities.key_id = listed.key_id
    where event_states.key_id is null or event_states.previous_status is not null

),

-- The first expiry that is stated held before as well, because often only the list has it.
first_expiries as (

    select
        key_id,
        key_type,
        {{ value_at_first('expires_at', 'event_number') }} as expires_at,
        min(event_number) as event_number
    from event_states
    where expires_at is not null
    group by key_id, key_type

),

dated as (

    select
        stated.activity_id,
        stated.key_id,
        stated.key_type,
        stated.status,
        stated.event_number,
        stated.is_status_change,
        stated.valid_from,
        case
            when stated.event_number < first_expiries.event_number then first_expiries.expires_at
            else stated.expires_at
        end as expires_at
    from stated
    left join first_expiries
        on stated.key_type = first_expiries.key_type and stated.key_id = first_expiries.key_id

),

-- A key expires when it passes its expiry while active, or when a later event reports it as expired.
final as (

    select
        dated.key_id,
        dated.key_type,
        dated.status,
        dated.event_number,
        dated.activity_id,
        {{ last_where('activity_id', 'is_status_change', *place) }} as status_activity_id,
        {{ last_non_null('case when is_status_change then valid_from end', *place) }} as status_taken_at,
        dated.valid_from,
        lead(dated.valid_from) over ({{ key }}) as valid_to,
        least(
            case when dated.status = 'active' and dated.expires_at <= newest.occurred_at then dated.expires_at end,
            min(
                case
                    when dated.status = 'expired' and dated.expires_at <= dated.valid_from then dated.expires_at
                end
            ) over ({{ key }} rows between current row and unbounded following)
        ) as expired_from
    from dated
    cross join newest

)

select * from final
