-- Events and directory disagree on one thing of a principal, key or setting in a scope.
select
    object_type,
    scope_type,
    scope_id,
    object_id
from {{ ref('state_differences') }}
group by object_type, scope_type, scope_id, object_id
having count(*) > 1
