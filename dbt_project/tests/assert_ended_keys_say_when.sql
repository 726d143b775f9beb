-- `ended_at` is set exactly if the status is an end status, and lies between the key's first and last event, except for
-- a stated expiry and for an end that a walk found.
select
    key_id,
    key_type,
    status,
    first_seen_at,
    ended_at
from {{ ref('key_lifecycle') }}
where
    (status in ('archived', 'expired', 'deleted', 'revoked', 'rotated')) <> (ended_at is not null)
    or (status <> 'expired' and (ended_at < first_seen_at or (is_in_directory is null and last_changed_at < ended_at)))
    or (ended_at is null and ended_by_actor_id is not null)
