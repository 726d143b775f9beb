with

memberships as (

    select * from {{ ref('int_memberships') }}
    where fold = 'complete'

),

listings as (

    select * from {{ ref('int_membership_listings') }}

),

repeated as (

    select * from {{ ref('int_membership_repeated_observations') }}

),

absences as (

    select * from {{ ref('int_membership_scope_absences') }}

),

shown as (

    {% for relation in ['listings', 'repeated'] %}
        select
            membership_key,
            walk_id,
            listed_role,
            is_first_of_scope,
            joined_at,
            observed_at,
            finished_at
        from {{ relation }}
        {{ 'where is_present union all' if not loop.last }}
    {% endfor %}

),

-- A user who leaves one list while another still shows them is not gone.
gone as (

    select
        membership_key,
        walk_id,
        'absent_from_directory' as change_type,
        observed_at,
        finished_at
    from listings
    where not is_present and not is_in_scope

    {% for role, change_type in {'scope': 'absent_from_directory', 'principal': 'principal_ended'}.items() %}
        union all

        select
            memberships.membership_key,
            absences.walk_id,
            '{{ change_type }}' as change_type,
            absences.absent_at as observed_at,
            absences.finished_at
        from absences
        inner join memberships
            on absences.scope_type = memberships.{{ role }}_type and absences.scope_id = memberships.{{ role }}_id
    {% endfor %}

    union all

    -- Everything in an organization ends with it; its own members are above.
    select
        memberships.membership_key,
        absences.walk_id,
        'absent_from_directory' as change_type,
        absences.absent_at as observed_at,
        absences.finished_at
    from absences
    inner join memberships on absences.scope_id = memberships.organization_uuid
    where absences.scope_type = 'organization' and memberships.scope_type <> 'organization'

),

final as (

    select
        membership_key,
        walk_id,
        'directory' as change_type,
        'begin' as effect,
        listed_role,
        is_first_of_scope,
        joined_at,
        observed_at,
        finished_at
    from shown

    union all

    select
        membership_key,
        walk_id,
        change_type,
        'end' as effect,
        cast(null as {{ dbt.type_string() }}) as listed_role,
        false as is_first_of_scope,
        cast(null as {{ dbt.type_timestamp() }}) as joined_at,
        observed_at,
        finished_at
    from gone

)

select * from final
