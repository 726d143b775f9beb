{% set place = ('key_type, key_id', 'event_number') %}
{% set key = 'partition by %s order by %s' % place %}

with

key_events as (

    select * from {{ ref('key_events') }}

),

newest as (

    select max(occurred_at) as occurred_at from {{ ref('activities') }}

),

-- Number 0 is the time before the first event, unless that is the creation.
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
    from key_events

    union all

    select
        null as activity_id,
        identities.key_id,
        identities.key_type,
        coalesce(key_events.previous_status, 'active') as status,
        0 as event_number,
        false as is_status_change,
        null as valid_from,
        null as expires_at
    from {{ ref('int_key_identities') }} as identities
    left join key_events
        on
            identities.key_type = key_events.key_type
            and identities.key_id = key_events.key_id
            and key_events.event_number = 1
    where key_events.key_id is null or key_events.previous_status is not null

),

-- A key expires when it passes its expiry while active, or when a later event reports it as expired.
final as (

    select
        stated.key_id,
        stated.key_type,
        stated.status,
        stated.event_number,
        stated.activity_id,
        {{ last_non_null('case when is_status_change then activity_id end', *place) }} as status_activity_id,
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
