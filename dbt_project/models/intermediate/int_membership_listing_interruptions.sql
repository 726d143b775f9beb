with

items as (

    select
        *,
        lead(observed_at) over (partition by list_key, principal_id order by observed_at) as next_observed_at
    from {{ ref('int_membership_listed_items') }}

),

absences as (

    select * from {{ ref('int_membership_scope_absences') }}

),

walks as (

    select * from {{ ref('int_membership_walks') }}

),

-- The first walk of a list of members after the absence of its scope.
returns as (

    select
        walks.list_key,
        absences.absent_at,
        min(walks.started_at) as returned_at
    from absences
    inner join walks
        on
            absences.scope_type = walks.scope_type
            and absences.scope_id = walks.scope_id
            and absences.absent_at < walks.started_at
    group by walks.list_key, absences.absent_at

),

interrupted as (

    select
        items.*,
        absences.walk_id as absence_walk_id,
        absences.absent_at,
        absences.finished_at as absence_finished_at
    from items
    inner join absences
        on
            items.scope_type = absences.scope_type
            and items.scope_id = absences.scope_id
            and items.observed_at < absences.absent_at
            and coalesce(items.next_observed_at > absences.absent_at, true)
    where items.is_present

),

final as (

    select
        *,
        absence_walk_id as interruption_walk_id,
        false as is_shown,
        absent_at as interrupted_at,
        absence_finished_at as interruption_finished_at
    from interrupted

    union all

    select
        interrupted.*,
        walks.walk_id as interruption_walk_id,
        true as is_shown,
        walks.started_at as interrupted_at,
        walks.finished_at as interruption_finished_at
    from interrupted
    inner join returns on interrupted.list_key = returns.list_key and interrupted.absent_at = returns.absent_at
    inner join walks on returns.list_key = walks.list_key and returns.returned_at = walks.started_at
    where coalesce(interrupted.next_observed_at > returns.returned_at, true)

)

select
    list_key,
    scope_type,
    scope_id,
    principal_id,
    interruption_walk_id as walk_id,
    email,
    full_name,
    listed_role,
    is_shown as is_present,
    false as is_first_of_scope,
    joined_at,
    interrupted_at as observed_at,
    interruption_finished_at as finished_at
from final
