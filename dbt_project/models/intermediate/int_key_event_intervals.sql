{% set place = ('key_type, key_id', 'event_number') %}
{% set key = 'partition by %s order by %s' % place %}

with

identities as (

    select * from {{ ref('int_key_identities') }}

),

event_states as (

    select * from {{ ref('int_key_shown_states') }}

),

listed as (

    select * from {{ ref('int_key_listed_states') }}

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
    from identities
    left join event_states
        on
            identities.key_type = event_states.key_type
            and identities.key_id = event_states.key_id
            and event_states.event_number = 1
    left join listed on identities.key_type = listed.key_type and identities.key_id = listed.key_id
    where event_states.key_id is null or event_states.previous_status is not null

),

-- A key expires when it passes its expiry while active, or when a later event reports it as expired.
final as (

    select
        stated.key_id,
        stated.key_type,
        stated.status,
        stated.event_number,
        stated.activity_id,
        {{ last_where('activity_id', 'is_status_change', *place) }} as status_activity_id,
        {{ last_non_null('case when is_status_change then valid_from end', *place) }} as status_taken_at,
        stated.valid_from,
        lead(stated.valid_from) over ({{ key }}) as valid_to,
        least(
            case when stated.status = 'active' and stated.expires_at <= newest.occurred_at then stated.expires_at end,
            min(
                case
                    when stated.status = 'expired' and stated.expires_at <= stated.valid_from then stated.expires_at
                end
            ) over ({{ key }} rows between current row and unbounded following)
        ) as expired_from
    from stated
    cross join newest

)

select * from final
