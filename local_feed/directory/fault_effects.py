"""What a fault does to a page of the directory. What it does to a whole answer is the same as for the feed."""

from local_feed.directory.paging import ListPage
from local_feed.serving.errors import Refusal
from local_feed.serving.faults import Fault


def spoil_page(fault: Fault, page: ListPage) -> ListPage:
    """The page with other items, or with another end.

    Raises:
        Refusal: 400, the fault refuses the cursor.
    """
    items = page.items
    match fault.kind:
        case "cursor_refused":
            raise Refusal(400, fault.message or "page: not a valid cursor")
        case "empty_list":
            return ListPage()
        case "empty_page":
            page.shorten(0)
        case "short_page":
            page.shorten((len(items) + 1) // 2)
        case "ends_early":
            page.has_more = False
        case "duplicate_in_page":
            page.items = items + items[-1:]
        case "duplicate_across_pages":
            page.items = page.previous + items
        case "out_of_order":
            page.items = items[::-1]
        case "null_field":
            page.items = [{**item, fault.field: None} for item in items]
    return page
