import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcore.platform.errors import FormatError
from mcore.platform.format import limits
from mcore.platform.format.canonical import document, line, parse, plain

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-limits.INTEGER, limits.INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=12,
)


def read(text: str | bytes, limit: int = 1000):
    return parse(text if isinstance(text, bytes) else text.encode(), where="f.json", limit=limit)


@given(st.dictionaries(st.text("xyz", max_size=3), PLAIN, max_size=5))
def test_what_is_written_reads_back_and_has_one_form(fields):
    data = document(fields)
    found = parse(data, where="f.json", limit=1 << 20)
    assert found == fields
    assert document(found) == data
    assert document(dict(reversed(fields.items()))) == data
    assert json.loads(data) == fields


@given(PLAIN)
def test_plain_data_is_left_as_it_is(value):
    assert plain(value, where="f.json") == value


def test_each_item_of_a_section_has_a_line():
    data = document({"b": [{"y": 1, "x": 2}, {}], "a": {"k": [1, 2]}, "version": [1, 0], "none": {}})
    assert data.decode().splitlines() == [
        "{",
        '"a":{',
        '"k":[1,2]',
        "},",
        '"b":[',
        '{"x":2,"y":1},',
        "{}",
        "],",
        '"none":{},',
        '"version":[1,0]',
        "}",
    ]


def test_one_number_has_one_text_and_keeps_its_kind():
    assert line([1, 1.0, 1e-05, -0.0, True]) == "[1,1.0,1e-05,-0.0,true]"
    assert [type(v) for v in read("[1,1.0,true]")] == [int, float, bool]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.json: not JSON at line 1, column 1"),
        ('{"a":1', "f.json: not JSON at line 1, column 7"),
        ('{"a":1}x', "not JSON at line 1, column 8"),
        ('\n{"a":01}', "not JSON at line 2"),
        ('{"a":1,"b":2,"a":3}', "f.json: key 'a' is given twice"),
        ('[[{"k":{"a":null,"a":null}}]]', "key 'a' is given twice"),
        ("[NaN]", "NaN has no place in JSON"),
        ("[-Infinity]", "-Infinity has no place in JSON"),
        ("[1e400]", "number 1e400 is out of range"),
        ("[9223372036854775808]", "integer 9223372036854775808 is beyond 64 bits"),
        ("[" + "9" * 900 + "]", "integer 999999999999999999999999 is beyond 64 bits"),
        ('["a\nb"]', "not JSON at line 1"),
        ("['a']", "not JSON at line 1"),
        (b'["\xff"]', "not UTF-8 at byte 2"),
        (b'\xef\xbb\xbf["a"]', "not JSON at line 1"),
        (" " * 1001, "1001 bytes, the limit is 1000"),
    ],
)
def test_strict_reading_refuses(text, message):
    with pytest.raises(FormatError, match=r"^f\.json: ") as caught:
        read(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [limits.JSON_DEPTH + 1, 500, 100_000])
def test_nesting_is_capped(opening, depth):
    closing = "]" if opening == "[" else "}"
    text = opening * depth + "1" + closing * depth
    with pytest.raises(FormatError, match=r"f\.json: nested deeper than 80"):
        read(text, limit=1 << 20)
    read(opening * limits.JSON_DEPTH + "1" + closing * limits.JSON_DEPTH)


def test_the_size_is_checked_before_anything_is_parsed():
    with pytest.raises(FormatError, match="5 bytes, the limit is 4"):
        read(b"\xff\xff\xff\xff\xff", limit=4)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "f.json: a[0].k: nan has no place in JSON"),
        (-math.inf, "-inf has no place in JSON"),
        (2**63, "integer beyond 64 bits"),
        (b"x", "bytes is not plain data"),
        ({1, 2}, "set is not plain data"),
        ({1: 2}, "key 1 is not text"),
        ("\ud800", "half of a surrogate pair"),
        ({"\udfff": 1}, "half of a surrogate pair"),
    ],
)
def test_what_is_not_plain_is_named_with_its_place(value, message):
    with pytest.raises(FormatError, match=r"^f\.json: a\[0\]\.k") as caught:
        plain({"a": [{"k": value}]}, where="f.json")
    assert message in str(caught.value)


def test_plain_makes_lists_of_tuples_and_stops_at_loops():
    assert plain({"a": (1, (2.0, "x"))}, where="f") == {"a": [1, [2.0, "x"]]}
    loop: list = []
    loop.append(loop)
    with pytest.raises(FormatError, match="nested deeper than"):
        plain(loop, where="f")
