-- `ended_at` is set exactly while the status is one of an end, and lies within what was seen of the key; only an expiry
-- is stated and need not.
select
    key_id,
    key_type,
    status,
    first_seen_at,
    ended_at
from {{ ref('key_lifecycle') }}
where
    (status in ('archived', 'expired', 'deleted', 'revoked', 'rotated')) <> (ended_at is not null)
    or (status <> 'expired' and (ended_at < first_seen_at or last_changed_at < ended_at))
    or (ended_at is null and ended_by_actor_id is not null)
