"""What the directory holds, and how a test changes it. Lists are served by `local_feed.directory.server`."""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from copy import deepcopy

from local_feed.directory.shapes import SHAPES, Item
from local_feed.directory.usage import Usage

Position = tuple[str, str]
"""Where an item is in its list: the value that the list is ordered by, and the item's id."""


class _List:
    """The items of one list in its order. Positions of removed items stay known, as cursors may name them."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.positions: dict[str, Position] = {}
        self._sorted: list[Position] | None = None

    def put(self, item_id: str, item: Item, order: str) -> None:
        """Add or replace an item."""
        self.items[item_id] = item
        self.positions[item_id] = (order, item_id)
        self._sorted = None

    def remove(self, item_id: str) -> None:
        """Remove an item."""
        del self.items[item_id]
        self._sorted = None

    def order(self) -> list[Position]:
        """The positions of all items, lowest first."""
        if self._sorted is None:
            self._sorted = sorted(self.positions[item_id] for item_id in self.items)
        return self._sorted


class Directory:
    """The current state of all organizations under one parent. Safe to read and to change from several threads.

    Lists have the names of `raw.directory_walks.list_name`, and `parent` is the bare UUID of the organization,
    or the id of the group, role or workspace that the list belongs to (None: the list belongs to the parent).
    `usage`: the usage report of the keys.
    """

    def __init__(self, usage: Usage | None = None) -> None:
        self.usage = usage or Usage()
        self.disabled_organizations: set[str] = set()
        self.default_workspaces: set[str] = set()
        self._lists: dict[tuple[str, str | None], _List] = {}
        self._lock = threading.RLock()

    def add(self, list_name: str, parent: str | None = None, *, order: str | None = None, **fields: object) -> str:
        """Add an item; fields that are not given have plausible values. Returns its id.

        `order`: its place in the list, if not that of the field that the list is ordered by.

        Raises:
            KeyError: there is no list with this name.
            ValueError: a field is unknown, or the id is missing or taken.
        """
        shape = SHAPES[list_name]
        if unknown := set(fields) - set(shape.defaults):
            raise ValueError(f"{list_name}: unknown fields {sorted(unknown)}")
        item = {**deepcopy(shape.defaults), **fields}
        if shape.parent_field is not None:
            item[shape.parent_field] = parent
        item_id = shape.item_id(item)
        if not item_id:
            raise ValueError(f"{list_name}: the item needs {', '.join(shape.id_fields)}")
        with self._lock:
            target = self._lists.setdefault((list_name, parent), _List())
            if item_id in target.items:
                raise ValueError(f"{list_name}: {item_id} is there already")
            target.put(item_id, item, order if order is not None else str(item[shape.order]))
        return item_id

    def modify(self, list_name: str, item_id: str, parent: str | None = None, **fields: object) -> None:
        """Set fields of an item; undocumented ones are allowed. It moves if its list is ordered by one of them.

        Raises:
            KeyError: there is no such item.
        """
        with self._lock:
            target = self._list(list_name, parent)
            before, place = target.items[item_id], target.positions[item_id][0]
            order = SHAPES[list_name].order
            if order in fields and place == str(before[order]):
                place = str(fields[order])
            target.put(item_id, {**before, **fields}, place)

    def remove(self, list_name: str, item_id: str, parent: str | None = None) -> None:
        """Remove an item, and every list below it.

        Raises:
            KeyError: there is no such item.
        """
        with self._lock:
            self._list(list_name, parent).remove(item_id)
            for name, owner in [*self._lists]:
                if owner == item_id:
                    del self._lists[name, owner]

    def get(self, list_name: str, item_id: str, parent: str | None = None) -> Item | None:
        """A copy of one item; None if it is not there."""
        with self._lock:
            target = self._lists.get((list_name, parent))
            item = target.items.get(item_id) if target else None
            return deepcopy(item)

    def items(self, list_name: str, parent: str | None = None) -> list[Item]:
        """Copies of the items of a list, in the order of the API. Empty if there is no such list."""
        with self._lock:
            return [deepcopy(item) for _, item in self.walk(list_name, parent)]

    def walk(
        self, list_name: str, parent: str | None = None, start: Position | None = None, *, backwards: bool = False
    ) -> Iterator[tuple[Position, Item]]:
        """The items after a position (exclusive; None: from the first), in the order of the API or backwards."""
        target = self._lists.get((list_name, parent))
        if target is None:
            return
        order = target.order()
        if SHAPES[list_name].newest_first != backwards:
            order = order[: bisect_left(order, start)] if start is not None else order
            order = order[::-1]
        elif start is not None:
            order = order[bisect_right(order, start) :]
        for position in order:
            yield position, target.items[position[1]]

    def position(self, list_name: str, item_id: str, parent: str | None = None) -> Position | None:
        """The position of an item that is or was in a list; None if it never was."""
        with self._lock:
            target = self._lists.get((list_name, parent))
            return target.positions.get(item_id) if target else None

    def lock(self) -> threading.RLock:
        """Held while a page is cut, so that a page shows one moment."""
        return self._lock

    def add_member(
        self,
        organization: str,
        user_id: str,
        *,
        email: str,
        name: str = "",
        role: str = "user",
        added_at: str = "2024-01-01T00:00:00Z",
        account_created_at: str = "2023-06-01T00:00:00Z",
    ) -> None:
        """Add a person to an organization, in the compliance list and in that of the Admin API."""
        self.add(
            "users",
            organization,
            order=added_at,
            id=user_id,
            email=email,
            full_name=name,
            organization_role=role,
            created_at=account_created_at,
        )
        self.add("members", organization, id=user_id, email=email, name=name, role=role, added_at=added_at)

    def modify_member(self, organization: str, user_id: str, *, role: str) -> None:
        """Give a member another role."""
        self.modify("users", user_id, organization, organization_role=role)
        self.modify("members", user_id, organization, role=role)

    def remove_member(self, organization: str, user_id: str) -> None:
        """Remove a person from an organization, its workspaces, and all groups if it was the last one."""
        with self._lock:
            self.remove("users", user_id, organization)
            self.remove("members", user_id, organization)
            is_member = any(name == "users" and user_id in part.items for (name, _), part in self._lists.items())
            workspaces = {str(item["id"]) for item in self.items("workspaces", organization)}
            for name, parent in [*self._lists]:
                in_workspace = name == "workspace_members" and parent in workspaces
                in_group = name == "group_members" and not is_member
                if (in_workspace or in_group) and user_id in self._lists[name, parent].items:
                    self.remove(name, user_id, parent)

    def set_setting(self, organization: str, name: str, value: object) -> None:
        """Set an enforced setting of an organization, with the type that fits the value."""
        kinds = {bool: "boolean", int: "integer", str: "string", list: "string_list"}
        kind = kinds.get(type(value), "string")
        with self._lock:
            if self.get("settings", name, organization) is None:
                self.add("settings", organization, name=name, type=kind, value=value)
            else:
                self.modify("settings", name, organization, value=value)

    def _list(self, list_name: str, parent: str | None) -> _List:
        if (list_name, parent) not in self._lists:
            raise KeyError(f"{list_name} of {parent}")
        return self._lists[list_name, parent]
