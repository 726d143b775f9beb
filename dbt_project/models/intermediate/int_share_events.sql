{{ config(materialized=incremental_or_table(), incremental_strategy='append') }}

with

received as (

    select
        activities.activity_id,
        activities.organization_uuid,
        activities.actor_id,
        activities.actor_email,
        events.share_kind,
        events.object_type,
        {{ json_field('activities.payload', 'events.object_id_field') }} as object_id,
        {{ json_field('activities.payload', 'events.container_id_field') }} as container_id,
        events.effect,
        {{ json_field('activities.payload', 'events.audience_field') }} as audience,
        {{ json_field('activities.payload', 'events.previous_audience_field') }} as previous_audience,
        activities.occurred_at,
        activities.ingest_seq
    from {{ ref('activities') }} as activities
    inner join {{ ref('share_events') }} as events on activities.activity_type = events.activity_type
    where {{ is_new('activities') }}

),

worded as (

    select
        *
        {%- for audience in ['audience', 'previous_audience'] %},
        case
            when {{ audience }} like '%anyone_with_link%' then 'anyone_with_link'
            when {{ audience }} like '%public%' or {{ audience }} = 'true' then 'public'
        end as {{ audience }}_word
        {%- endfor %}
    from received

),

-- Anyone with the link of a session share can open it, unless the record limits who.
final as (

    select
        activity_id,
        organization_uuid,
        actor_id,
        actor_email,
        share_kind,
        object_type,
        object_id,
        container_id,
        coalesce(audience_word, previous_audience_word) as audience,
        effect = 'opens'
        or (
            effect = 'by_audience'
            and (audience_word is not null or (audience is null and share_kind = 'session_share'))
        ) as is_public,
        effect = 'closes' or previous_audience_word is not null as is_public_before,
        occurred_at,
        ingest_seq
    from worded
    where object_id is not null and (effect <> 'by_audience' or audience is not null or share_kind = 'session_share')

)

select * from final
