{#- A request may become known as our own only after its activity is stored; the hook catches up in the transaction. -#}
{{
    config(
        materialized=incremental_or_table(),
        incremental_strategy='append',
        post_hook="{{ mark_own_reads(ref('stg_feed__requests')) }}"
    )
}}

with

received as (

    select activities.* from {{ ref('stg_feed__activities') }} as activities
    where {{ is_new('activities') }}

),

{% if is_incremental() %}
    -- Searches all of history, because an id can reappear with any `created_at`: 70 ms per million activities.
    known as (

        select built.activity_id from {{ this }} as built
        where built.activity_id in (
            select activities.activity_id from {{ ref('stg_feed__activities') }} as activities
            where {{ is_new('activities') }}
        )

    ),
{% endif %}

own_requests as (

    select distinct request_id from {{ ref('stg_feed__requests') }}

),

-- A record seen by two sources is one activity; the first received is kept. Few ids repeat. Reads the view rather than
-- `received`, which DuckDB would otherwise materialize with all payloads.
repeated as (

    select
        activities.activity_id,
        min(activities.ingest_seq) as first_ingest_seq
    from {{ ref('stg_feed__activities') }} as activities
    where {{ is_new('activities') }}
    group by activities.activity_id
    having count(*) > 1

),

{% set fields = {
    'workspace_id': 'text',
    'request_id': 'text',
    'accessed_at': 'text',
    'status_code': 'text',
    'decision': 'text',
    'result': 'text',
    'outcome': 'text',
    'validation_result': 'text',
    'approved': 'text',
    'status': {'outcome': 'text'},
    'actor': {
        'user_id': 'text', 'api_key_id': 'text', 'admin_api_key_id': 'text', 'service_account_id': 'text',
        'directory_id': 'text', 'subject': 'text', 'external_client_id': 'text', 'service': 'text',
        'email_address': 'text', 'unauthenticated_email_address': 'text', 'ip_address': 'text', 'user_agent': 'text',
    },
} %}

parsed as (

    select
        received.*,
        {{ json_record('received.payload', fields) }} as stated
    from received
    left join repeated on received.activity_id = repeated.activity_id
    {% if is_incremental() %}
        left join known on received.activity_id = known.activity_id
    {% endif %}
    where received.ingest_seq = coalesce(repeated.first_ingest_seq, received.ingest_seq)
    {% if is_incremental() %}
        and known.activity_id is null
    {% endif %}

),

extracted as (

    select
        *,
        {{ happened_at('activity_type', record_field('stated', 'accessed_at'), 'created_at') }} as occurred_at,
        case actor_type
            when 'user_actor' then {{ record_field('stated', 'actor.user_id') }}
            when 'api_actor' then {{ record_field('stated', 'actor.api_key_id') }}
            when 'admin_api_key_actor' then {{ record_field('stated', 'actor.admin_api_key_id') }}
            when 'service_account_actor' then {{ record_field('stated', 'actor.service_account_id') }}
            when 'scim_directory_sync_actor' then {{ record_field('stated', 'actor.directory_id') }}
            when 'federated_identity_actor' then {{ record_field('stated', 'actor.subject') }}
            when 'federated_actor' then {{ record_field('stated', 'actor.subject') }}
            when 'attested_device_actor' then {{ record_field('stated', 'actor.external_client_id') }}
            when 'system_actor' then {{ record_field('stated', 'actor.service') }}
            when 'anthropic_actor' then 'anthropic'
        end as actor_id,
        case
            when coalesce(actor_type, '') <> 'unauthenticated_user_actor'
                then {{ record_field('stated', 'actor.email_address') }}
        end as actor_email
    from parsed

),

final as (

    select
        extracted.activity_id,
        extracted.source,
        extracted.occurred_at,
        cast(extracted.occurred_at as date) as activity_date,
        extracted.activity_type,
        coalesce(activity_types.category, 'unmapped') as category,
        activity_types.object_type,
        activity_types.action,
        coalesce(
            {{ stated_outcome(
                'extracted.activity_type', 'extracted.stated', record_field('extracted.stated', 'status_code')
            ) }},
            activity_types.outcome
        ) as outcome,
        activity_types.activity_type is not null as is_known_type,
        extracted.organization_id,
        extracted.organization_uuid,
        {{ record_field('extracted.stated', 'workspace_id') }} as workspace_id,
        {{ record_field('extracted.stated', 'request_id') }} as request_id,
        {{ whole_number(record_field('extracted.stated', 'status_code'), 'bigint') }} as status_code,
        extracted.actor_type,
        extracted.actor_id,
        case when extracted.actor_type = 'user_actor' then extracted.actor_id end as actor_user_id,
        extracted.actor_email,
        {{ record_field('extracted.stated', 'actor.unauthenticated_email_address') }} as claimed_email,
        {{ record_field('extracted.stated', 'actor.ip_address') }} as actor_ip_address,
        {{ ip_network(record_field('extracted.stated', 'actor.ip_address')) }} as actor_network,
        locations.country as actor_country,
        locations.asn as actor_asn,
        {{ record_field('extracted.stated', 'actor.user_agent') }} as actor_user_agent,
        coalesce(extracted.activity_type = 'compliance_api_accessed', false)
        and own_requests.request_id is not null as is_own_read,
        extracted.payload,
        extracted.payload_sha256,
        extracted.created_at,
        extracted.ingested_at,
        extracted.ingest_seq
    from extracted
    left join {{ ref('activity_types') }} as activity_types on extracted.activity_type = activity_types.activity_type
    left join {{ ref('stg_feed__address_locations') }} as locations
        on {{ record_field('extracted.stated', 'actor.ip_address') }} = locations.ip_address
    left join own_requests on {{ record_field('extracted.stated', 'request_id') }} = own_requests.request_id

)

select * from final
