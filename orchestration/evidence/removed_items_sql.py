"""What a removal leaves of items of the directory, `raw.removed_items`: their hashes, and where their ids were.

The hash of a walk is over the hashes of its items in byte order of their ids, and an id can name a person. So
the ids are removed, and their places are kept relative to the items that remain.
"""

# The place of an id that is present. That of a removed one also has the ranks by which it follows a present
# one.
PLACE_OF_ID = "struct_pack(anchor := item_id, path := []::bigint[])"

# Places of removed items: after the id `anchor`, by rank, or after one that was itself removed, by rank again. The
# limit ends what was forged into a circle.
PLACES = """
removed_places as (
    select distinct
        source, list_name, coalesce(parent_id, '') as parent_id, item_sha256, follows_sha256, follows_rank
    from raw.removed_items
),
left_items as (
    select distinct
        source, list_name, coalesce(parent_id, '') as parent_id, item_id, sha256(item_id) as item_sha256
    from raw.directory_items
    semi join removed_places
        on
            directory_items.source = removed_places.source
            and directory_items.list_name = removed_places.list_name
            and coalesce(directory_items.parent_id, '') = removed_places.parent_id
),
fixed_places as (
    select source, list_name, parent_id, item_sha256, item_id as anchor, []::bigint[] as path from left_items
    union
    select source, list_name, parent_id, sha256(''), '', [] from removed_places
),
found_places as (
    from fixed_places
    union
    select
        removed.source, removed.list_name, removed.parent_id, removed.item_sha256, anchor,
        list_append(path, follows_rank)
    from (from removed_places anti join left_items using (source, list_name, parent_id, item_sha256)) as removed
    join found_places
        on
            removed.source = found_places.source
            and removed.list_name = found_places.list_name
            and removed.parent_id = found_places.parent_id
            and removed.follows_sha256 = found_places.item_sha256
    where len(path) < 1000
),
places as (
    select
        source, list_name, parent_id, item_sha256, max(struct_pack(anchor := anchor, path := path)) as place
    from found_places
    group by all
)
"""

# Leaves the traces of the rows in the table `items`. Where their ids were in the byte order of their lists goes by
# the closest that are left: by items of which rows stay, and by those that an earlier removal took.
LEAVE = f"""
insert into raw.removed_items by name
with recursive {PLACES},
taken as (
    select *, coalesce(parent_id, '') as parent, sha256(item_id) as item_sha256 from {{items}}
),
known as (
    select source, list_name, coalesce(parent_id, '') as parent, sha256(item_id) as item_sha256, true as is_left,
        false as is_taken, {PLACE_OF_ID} as place
    from raw.directory_items
    union all
    select source, list_name, parent_id, item_sha256, false, false, place from places
    union all
    select source, list_name, parent, item_sha256, false, true, {PLACE_OF_ID}
    from taken
),
items as (
    select source, list_name, parent, item_sha256, bool_or(is_left) or not bool_or(is_taken) as is_left,
        max(place) as place
    from known semi join taken using (source, list_name, parent)
    group by source, list_name, parent, item_sha256
),
placed as (
    select *, count(*) filter (where is_left) over (
            partition by source, list_name, parent order by place rows unbounded preceding
        ) as run_number
    from items
),
ranked as (
    select
        source, list_name, parent, item_sha256, is_left,
        coalesce(max(item_sha256) filter (where is_left) over of_run, sha256('')) as follows_sha256,
        row_number() over (partition by source, list_name, parent, run_number order by is_left desc, place)
        - if(run_number = 0, 0, 1) as follows_rank
    from placed
    window of_run as (partition by source, list_name, parent, run_number)
)
select
    $removal_id as removal_id, taken.source, taken.list_name, parent_id, item_sha256,
    if(is_left, null, follows_sha256) as follows_sha256, if(is_left, null, follows_rank) as follows_rank, walk_id,
    is_present, payload_sha256, observed_at, ingest_seq
from taken join ranked using (source, list_name, parent, item_sha256)
order by ingest_seq
"""
