"""Responses of the directory: a page of a list, or one object, cut into items that keep their bytes."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from orchestration.api.body import STAND_IN, SURROGATE, Unreadable

_Kind = TypeVar("_Kind")


class ListPage(msgspec.Struct, frozen=True):
    """One page of a list: its items as received, and where the next page begins.

    Which of the cursors there is depends on the list. `has_more` is None where the answer does not say.
    """

    items: list[bytes]
    has_more: bool | None = None
    next_page: str | None = None
    last_id: str | None = None

    @property
    def cursors(self) -> tuple[str | None, ...]:
        """What will be sent back in a URL."""
        return self.next_page, self.last_id


def cut_list(body: bytes) -> ListPage:
    """The page with its items cut out of the body.

    Raises:
        Unreadable: the body is not UTF-8, JSON or a page, or it repeats a name outside its items.
    """
    fields = cut_object(body)
    if "data" not in fields:
        raise Unreadable("an object without data")
    return ListPage(
        cut_array(fields["data"]),
        _value(fields, "has_more", bool | None),
        _value(fields, "next_page", str | None),
        _value(fields, "last_id", str | None),
    )


def cut_object(text: bytes) -> dict[str, bytes]:
    """The fields of a JSON object, each with the bytes of its value.

    Raises:
        Unreadable: it is not UTF-8, JSON or an object, or it repeats a name.
    """
    fields, stand_in = _decode(text, dict[str, msgspec.Raw])
    try:
        names = json.loads(stand_in, object_pairs_hook=list)
    except RecursionError:
        raise Unreadable("JSON that is nested too deep") from None
    if len(names) > len(fields):
        # The decoder keeps the last and drops the first.
        raise Unreadable("an object with a name twice")
    return dict(zip(fields, _bytes_of(fields.values(), text, stand_in), strict=True))


def cut_array(text: bytes) -> list[bytes]:
    """The elements of a JSON array, each with its bytes.

    Raises:
        Unreadable: it is not UTF-8, JSON or an array.
    """
    elements, stand_in = _decode(text, list[msgspec.Raw])
    return list(_bytes_of(elements, text, stand_in))


def values(text: bytes) -> dict[str, Any]:
    """A JSON object as Python has it, escaped halves of surrogate pairs replaced.

    Raises:
        Unreadable: it is not a JSON object.
    """
    return _decode(text, dict[str, Any])[0]


def _value(fields: dict[str, bytes], name: str, kind: Any) -> Any:
    return _decode(fields.get(name, b"null"), kind)[0]


def _decode(text: bytes, kind: type[_Kind]) -> tuple[_Kind, bytes]:
    """The value, and the text that it was decoded from, which is as long as the original."""
    try:
        if not text.isascii():
            text.decode("utf-8")
        try:
            return msgspec.json.decode(text, type=kind), text
        except msgspec.DecodeError:
            stand_in = SURROGATE.sub(STAND_IN, text)
            if stand_in == text:
                raise
            return msgspec.json.decode(stand_in, type=kind), stand_in
    except UnicodeDecodeError:
        raise Unreadable("invalid UTF-8") from None
    except RecursionError:
        raise Unreadable("JSON that is nested too deep") from None
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _bytes_of(parts: Iterable[msgspec.Raw], text: bytes, stand_in: bytes) -> Iterator[bytes]:
    """The parts as they stand in the text; they follow each other in it."""
    position = 0
    for part in map(bytes, parts):
        if stand_in is text:
            yield part
            continue
        position = stand_in.index(part, position)
        yield text[position : position + len(part)]
        position += len(part)
