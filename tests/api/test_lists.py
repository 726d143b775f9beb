"""Answers of the directory are cut into parts that keep their bytes; what cannot be read is refused."""

import pytest

from orchestration.api.body import Unreadable
from orchestration.api.lists import cut_array, cut_list, cut_object, values

HALF = rb'{"id": "a", "name": "\ud83d and \udE00"}'


def test_a_page_keeps_the_bytes_of_its_items():
    page = cut_list(b'{"data": [ {"id" : 1 },' + HALF + b', {"n":"\xc3\xbc"}], "next_page": "t", "has_more":true}')
    assert page.items == [b'{"id" : 1 }', HALF, b'{"n":"\xc3\xbc"}']
    assert (page.has_more, page.next_page, page.last_id) == (True, "t", None)
    assert page.cursors == ("t", None)


def test_a_half_of_a_surrogate_pair_is_kept_in_the_bytes_and_replaced_in_the_values():
    assert cut_object(b'{"settings":[' + HALF + b'], "x":1}') == {"settings": b"[" + HALF + b"]", "x": b"1"}
    assert cut_array(b"[" + HALF + b"," + HALF + b"]") == [HALF, HALF]
    assert values(HALF) == {"id": "a", "name": "\ufffd and \ufffd"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"data": 1}',
        b'{"items": []}',
        b'{"data": [], "data": [1]}',
        b'{"data": [], "next_page": 1}',
        b'{"data": ["\xff"]}',
        b'{"data": []',
        b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_not_a_page_is_refused(body: bytes):
    with pytest.raises(Unreadable):
        cut_list(body)
