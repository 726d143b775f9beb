with

changes as (

    select * from {{ ref('configuration_changes') }}
    where setting = 'allowed_invite_domains'

),

previous_domains as (

    {{ json_values('changes', 'previous_value', ['configuration_change_id']) | indent(4) }}

),

current_domains as (

    {{ json_values('changes', 'current_value', ['configuration_change_id']) | indent(4) }}

),

added as (

    select distinct current_domains.configuration_change_id
    from current_domains
    left join previous_domains
        on
            current_domains.configuration_change_id = previous_domains.configuration_change_id
            and lower(current_domains.item) = lower(previous_domains.item)
    where previous_domains.item is null

),

-- Where no domain is listed, people of any domain can be invited.
final as (

    select
        changes.activity_id as anchor,
        'organization' as subject_type,
        changes.organization_uuid as subject_id,
        changes.organization_uuid,
        changes.actor_id,
        case
            when added.configuration_change_id is null then 'People of any domain can be invited.'
            else 'People of more domains than before can be invited.'
        end as sentence,
        {{ text_array(['changes.activity_id']) }} as evidence_activity_ids,
        changes.occurred_at
    from changes
    left join added on changes.configuration_change_id = added.configuration_change_id
    where
        changes.configuration_change_id in (select previous_domains.configuration_change_id from previous_domains)
        and (
            added.configuration_change_id is not null
            or changes.configuration_change_id not in (
                select current_domains.configuration_change_id from current_domains
            )
        )

)

select * from final
