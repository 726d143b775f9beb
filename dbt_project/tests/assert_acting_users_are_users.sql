-- Every user who acted or was named in a change has a row.
{{ config(meta={'dagster': {'ref': {'name': 'users'}}}) }}

with

seen as (

    select actor_user_id as user_id
    from {{ ref('activities') }}
    where actor_user_id is not null

    union

    select principal_id as user_id
    from {{ ref('membership_changes') }}
    where principal_type = 'user' and principal_id is not null

)

select seen.user_id
from seen
left join {{ ref('users') }} as known on seen.user_id = known.user_id
where known.user_id is null
