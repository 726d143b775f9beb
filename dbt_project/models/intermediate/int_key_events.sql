{% set columns = [
    'activity_id', 'activity_type', 'event_type', 'actor_id', 'actor_type', 'actor_email', 'stated_name',
    'stated_status', 'updates', 'updated_fields', 'stated_scopes', 'stated_workspace_id', 'organization_uuid',
    'occurred_at', 'stated_expires_at',
] %}
{% set of_activities = [
    'activity_id', 'activity_type', 'actor_id', 'actor_type', 'actor_email', 'updates', 'updated_fields',
] %}

with

identities as (

    select * from {{ ref('int_key_identities') }}

),

-- Deleting an organization ends every key it was known to have.
evidence as (

    select
        key_id,
        key_type,
        {{ columns | join(',
        ') }},
        null as listed_fields
    from {{ ref('int_key_stated_events') }}

    union all

    select
        identities.key_id,
        identities.key_type,
        {% for column in columns -%}
            ends.{{ column }},
        {% endfor -%}
        null as listed_fields
    from {{ ref('int_key_activities') }} as ends
    inner join identities
        on ends.stated_key_id = identities.organization_uuid and ends.occurred_at >= identities.first_seen_at
    where ends.key_type = 'organization'

    union all

    select
        key_id,
        key_type,
        {% for column in columns -%}
            {{ 'null as ' if column in of_activities }}{{ column }},
        {% endfor -%}
        listed_fields
    from {{ ref('int_key_observed_events') }}

),

-- The history of a listed key is folded twice: from events alone, and from events and walks.
folds as (

    select folds.fold from (values ('events'), ('events_and_walks')) as folds (fold)

),

final as (

    select
        folds.fold,
        evidence.*
    from evidence
    inner join identities on evidence.key_type = identities.key_type and evidence.key_id = identities.key_id
    inner join folds
        on
            identities.fold = folds.fold
            or (folds.fold = 'events' and evidence.event_type not in ('listed', 'gone'))

)

select * from final
