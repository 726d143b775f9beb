"""The statements of `verify` about the directory: walks, the items that they observed, and the usage report.

Each gives how many were checked, how many differ, and a sentence on the first, which names ids and hashes; never a
payload. Rows that a removal took count for the walks before it, with the hash that it left.
"""

from orchestration.evidence.removed_items_sql import PLACE_OF_ID, PLACES

# Walks without a number were not stored by this product, or wait for the next seal: they count as the newest.
_WALKS = """
walks as (
    select
        walk_id, source, list_name, coalesce(parent_id, '') as parent_id, status, content_sha256, item_count,
        new_count, changed_count, gone_count, started_at,
        coalesce(walk_seq, 9223372036854775807) as walk_number,
        row_number() over (
            order by coalesce(walk_seq, 9223372036854775807), started_at, walk_id
        ) as walk_order,
        source || ' walk ' || walk_id || ': ' || list_name || coalesce(' of ' || parent_id, '') as name
    from raw.directory_walks
)
"""

# Each row with the previous and the next one of its item. A row that a removal took does not count for walks
# after that removal.
_VERSIONS = """
stored as (
    select
        source, list_name, coalesce(parent_id, '') as parent_id, item_id, sha256(item_id) as item_sha256, walk_id,
        is_present, payload_sha256, observed_at, ingest_seq, 9223372036854775807 as last_walk_number
    from raw.directory_items
    union all
    select
        source, list_name, coalesce(parent_id, ''), null, item_sha256, walk_id, is_present, payload_sha256,
        observed_at, ingest_seq, coalesce(last_walk_seq, 0)
    from raw.removed_items left join raw.removals using (removal_id)
),
versions as (
    select
        stored.*,
        walks.walk_id is null as is_unknown,
        walk_order,
        lead(walk_order) over item as next_order,
        coalesce(
            lag(is_present) over item and lag(last_walk_number) over item >= walk_number, false
        ) as was_present,
        (stored.source, stored.list_name, stored.parent_id, observed_at)
            is distinct from (walks.source, walks.list_name, walks.parent_id, started_at)
        or coalesce(lag(ingest_seq) over item >= ingest_seq, false) as is_displaced
    from stored
    left join walks using (walk_id)
    window item as (
        partition by stored.source, stored.list_name, stored.parent_id, item_sha256 order by walk_order
    )
)
"""

# What is gone has no payload. `item_id` is compared where the payload has it in a field of its own.
ITEMS = """
with checked as (
    select
        source || ' ' || list_name || coalesce(' of ' || parent_id, '') || ' ' || item_id as name,
        ingest_seq,
        item_id,
        payload_sha256,
        if(is_present, sha256(payload), null) as computed_sha256,
        is_present <> (payload is not null) or (is_present and sha256(payload) is distinct from payload_sha256)
            as is_changed,
        case list_name
            when 'organizations' then try(payload ->> '$.uuid')
            when 'group_members' then try(payload ->> '$.user_id')
            when 'workspace_members' then try(payload ->> '$.user_id')
            when 'settings' then try(payload ->> '$.name')
            when 'role_permissions' then try(concat(
                payload ->> '$.action', '|', payload ->> '$.resource_type', '|', payload ->> '$.resource_id'
            ))
            when 'compliance_settings' then null
            else try(payload ->> '$.id')
        end as stated_id
    from raw.directory_items
)
select
    count(*),
    count(*) filter (where is_changed),
    arg_min(
        name || ': payload_sha256 is ' || coalesce(payload_sha256, 'null') || ', but the payload''s hash is '
        || coalesce(computed_sha256, 'null'),
        ingest_seq
    ) filter (where is_changed),
    count(*) filter (where stated_id <> item_id),
    arg_min(name || ': the column says ' || item_id || ', the payload says ' || stated_id, ingest_seq)
        filter (where stated_id <> item_id)
from checked
"""

# Columns as they are read out of the payload when a row is stored; each version of a day came by a later walk.
USAGE = f"""
with {_WALKS},
checked as (
    select
        concat_ws(' ', usage.source, usage_date, api_key_id, workspace_id, model) as name,
        ingest_seq,
        payload_sha256,
        sha256(payload) as computed_sha256,
        usage_version = dense_rank() over (
            partition by usage.source, usage_date order by coalesce(walk_order, 9223372036854775807)
        ) as is_in_order,
        (
            api_key_id, workspace_id, model, uncached_input_token_count, cache_read_token_count,
            output_token_count, cache_creation_token_count
        ) is not distinct from (
            try(payload ->> '$.api_key_id'), try(payload ->> '$.workspace_id'), try(payload ->> '$.model'),
            coalesce(try((payload ->> '$.uncached_input_tokens')::bigint), 0),
            coalesce(try((payload ->> '$.cache_read_input_tokens')::bigint), 0),
            coalesce(try((payload ->> '$.output_tokens')::bigint), 0),
            coalesce(try(list_sum(map_values((payload -> '$.cache_creation')::map(varchar, bigint)))), 0)
        ) as is_as_stated
    from raw.key_usage as usage left join walks using (walk_id)
),
compared as (
    select
        *,
        case
            when payload_sha256 is distinct from computed_sha256
                then 'payload_sha256 is ' || coalesce(payload_sha256, 'null') || ', but the payload''s hash is '
                || coalesce(computed_sha256, 'null')
            when is_as_stated is distinct from true then 'the columns do not say what the payload says'
            when is_in_order is distinct from true then 'its version is not that of its walk'
        end as difference
    from checked
)
select
    count(*),
    count(difference),
    arg_min(name || ': ' || difference, ingest_seq) filter (where difference is not null)
from compared
"""

# The usage report of a day is stored whole where anything of it has changed, which `new_count` says.
ROWS = f"""
with {_WALKS},
{_VERSIONS},
found as (
    select
        walk_id,
        any_value(source) as source,
        bool_or(is_unknown) as is_unknown,
        bool_or(is_displaced) as is_displaced,
        count(*) filter (where is_present and not was_present) as new_count,
        count(*) filter (where is_present and was_present) as changed_count,
        count(*) filter (where not is_present) as gone_count,
        0 as usage_count
    from versions group by walk_id
    union all
    select
        walk_id, any_value(usage.source), bool_or(walks.walk_id is null),
        bool_or((usage.source, 'usage', usage_date::varchar, observed_at)
            is distinct from (walks.source, list_name, parent_id, started_at)),
        0, 0, 0, count(*)
    from raw.key_usage as usage left join walks using (walk_id) group by walk_id
),
compared as (
    select
        coalesce(name, found.source || ' walk ' || found.walk_id) as name,
        walk_order,
        case
            when walks.walk_id is null then 'there is no such walk, and has rows'
            when found.walk_id is not null and status <> 'complete' then 'it is ' || status || ', and has rows'
            when is_displaced then 'a row of it has another source, list, time or place'
            when list_name = 'usage' then if(
                coalesce(usage_count, 0) <> walks.new_count,
                'the ledger says ' || walks.new_count || ' rows, stored are ' || coalesce(usage_count, 0), null
            )
            when
                status = 'complete'
                and (walks.new_count, walks.changed_count, walks.gone_count) is distinct from
                (coalesce(found.new_count, 0), coalesce(found.changed_count, 0), coalesce(found.gone_count, 0))
                then 'the ledger says ' || walks.new_count || ' new, ' || walks.changed_count || ' changed and '
                || walks.gone_count || ' gone, stored are ' || coalesce(found.new_count, 0) || ', '
                || coalesce(found.changed_count, 0) || ' and ' || coalesce(found.gone_count, 0)
        end as difference
    from walks full join found using (walk_id)
)
select
    count(*),
    count(difference),
    arg_min(name || ': ' || difference, (coalesce(walk_order, 9223372036854775807), name))
        filter (where difference is not null)
from compared
"""

# A walk that changed nothing and has the hash of the previous walk need not be computed from its rows.
_DUE = f"""
{_WALKS},
due as (
    select * from walks
    where status = 'complete' and list_name <> 'usage' and content_sha256 is not null
    qualify
        new_count + changed_count + gone_count > 0
        or content_sha256 is distinct from lag(content_sha256) over (
            partition by source, list_name, parent_id order by walk_order
        )
)
"""
# How many hashes are joined to compute those of all walks; each takes as much memory as four ids.
CONTENT_SIZE = f"with {_DUE} select coalesce(4 * sum(item_count), 0)::bigint from due"
CONTENTS = f"""
with recursive {_DUE},
{_VERSIONS},
{PLACES},
items as (
    select
        versions.*,
        dense_rank() over (
            partition by source, list_name, parent_id order by if(item_id is null, place, {PLACE_OF_ID})
        ) as position
    from versions left join places using (source, list_name, parent_id, item_sha256)
    where is_present
),
listed as (
    select
        due.walk_id,
        any_value(due.name) as name,
        any_value(due.walk_order) as walk_order,
        any_value(due.content_sha256) as content_sha256,
        sha256(coalesce(string_agg(items.payload_sha256, '' order by position), '')) as found_sha256
    from due
    left join items
        on
            due.source = items.source
            and due.list_name = items.list_name
            and due.parent_id = items.parent_id
            and items.walk_order <= due.walk_order
            and due.walk_order < coalesce(items.next_order, 9223372036854775807)
            and due.walk_number <= items.last_walk_number
    where hash(due.walk_id) % $parts = $part
    group by due.walk_id
),
reported as (
    select
        walk_id, any_value(name), any_value(walk_order), any_value(content_sha256),
        sha256(string_agg(payload_sha256, '' order by ingest_seq))
    from raw.key_usage join (select walk_id, name, walk_order, content_sha256 from walks) using (walk_id)
    where content_sha256 is not null and hash(walk_id) % $parts = $part
    group by walk_id
),
found as (
    from listed
    union all
    from reported
)
select
    count(*),
    count(*) filter (where content_sha256 <> found_sha256),
    arg_min(name || ': received was ' || content_sha256 || ', stored is ' || found_sha256, walk_order)
        filter (where content_sha256 <> found_sha256)
from found
"""

NUMBERS = """
with numbered as (
    select walk_id, walk_seq, row_number() over (order by walk_seq, walk_id) as expected
    from raw.directory_walks
    where walk_seq is not null
)
select
    count(*),
    count(*) filter (where walk_seq <> expected),
    arg_min('number ' || walk_seq || ' (' || walk_id || '): expected ' || expected, expected)
        filter (where walk_seq <> expected)
from numbered
"""

NOT_SEALED = """
with sealed as (
    select source, max(last_walk_seq) as last_walk_seq from raw.day_seals group by source
)
select count(*)
from raw.directory_walks left join sealed using (source)
where coalesce(walk_seq > last_walk_seq, true)
"""
