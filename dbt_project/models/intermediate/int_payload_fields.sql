{{ config(materialized=incremental_or_table(), incremental_strategy='delete+insert', unique_key='payload_field_id') }}

with

received as (

    select activities.* from {{ ref('activities') }} as activities
    where {{ is_new('activities') }}

),

-- Most records of a type have the same fields, so shapes are counted before they are split into fields.
shapes as (

    select
        activity_type as activity_kind,
        actor_type as actor_kind,
        {{ json_field_names('payload', 'actor') }} as field_names,
        count(*) as activity_count,
        min({{ moment('occurred_at', 'activity_id') }}) as first_moment,
        max(occurred_at) as last_seen_at,
        max(ingest_seq) as ingest_seq
    from received
    group by 1, 2, 3

),

activity_fields as (

    {{ each_field_name('shapes', 'field_names', of=1) }}

),

actor_fields as (

    {{ each_field_name('shapes', 'field_names', of=2) }}

),

found as (

    {% set no_type = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
    {% for kind, relation, activity_type, actor_type, name in [
        ('activity_type', 'shapes', 'activity_kind', no_type, 'activity_kind'),
        ('actor_type', 'shapes', no_type, 'actor_kind', 'actor_kind'),
        ('field', 'activity_fields', 'activity_kind', no_type, 'field_name'),
        ('actor_field', 'actor_fields', no_type, 'actor_kind', 'field_name'),
    ] -%}
        select
            {{ generate_surrogate_key(["'" ~ kind ~ "'", activity_type, actor_type, name]) }} as payload_field_id,
            '{{ kind }}' as field_kind,
            {{ activity_type }} as activity_type,
            {{ actor_type }} as actor_type,
            {{ name }} as seen_name,
            activity_count,
            first_moment,
            last_seen_at,
            ingest_seq
        from {{ relation }}
        where {{ name }} is not null
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% if is_incremental() %}
    -- Adds the stored counts, so that increments and a rebuild give the same result.
    together as (

        select * from found
        union all
        select built.*
        from {{ stored_rows() }} as built
        where built.payload_field_id in (select found.payload_field_id from found)

    ),
{% endif %}

final as (

    select
        payload_field_id,
        field_kind,
        activity_type,
        actor_type,
        seen_name,
        cast(sum(activity_count) as bigint) as activity_count,
        min(first_moment) as first_moment,
        max(last_seen_at) as last_seen_at,
        max(ingest_seq) as ingest_seq
    from {{ 'together' if is_incremental() else 'found' }}
    group by 1, 2, 3, 4, 5

)

select * from final
