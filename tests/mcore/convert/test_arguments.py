"""From named tensors to arguments, and from results to named tensors and back."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcore.convert import CaptureRefused
from mcore.convert.arguments import arguments, flatten, groups, unflatten


def leaf(item):
    return isinstance(item, int)


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["x"], {"x": "x"}),
        (["x", "mask"], {"x": "x", "mask": "mask"}),
        (["features.0", "features.1"], {"features": ["features.0", "features.1"]}),
        (["x", "f.0", "f.1", "y"], {"x": "x", "f": ["f.0", "f.1"], "y": "y"}),
        (["x.left"], {"x.left": "x.left"}),
    ],
)
def test_names_with_numbers_are_one_list(names, wanted):
    assert groups(names) == wanted


def test_arguments_go_by_name_where_forward_has_the_names_and_else_in_order():
    tensors = {"features.0": 1, "features.1": 2, "x": 3}
    assert arguments(lambda features, x: None, tensors) == ((), {"features": [1, 2], "x": 3})
    assert arguments(lambda x, features: None, tensors) == ((), {"features": [1, 2], "x": 3})
    assert arguments(lambda inputs, other: None, tensors) == (([1, 2], 3), {})
    assert arguments(lambda *inputs: None, tensors) == (([1, 2], 3), {})


Pair = namedtuple("Pair", ["boxes", "scores"])


@dataclass
class Detections:
    boxes: int
    scores: int
    masks: int | None = None


@pytest.mark.parametrize(
    ("result", "names"),
    [
        (1, ["out"]),
        ([1, 2], ["features.0", "features.1"]),
        ((1, 2), ["out.0", "out.1"]),
        ({"out": 1, "aux": 2}, ["out", "aux"]),
        ({"boxes": [1, 2], "inner": {"score": 3}}, ["boxes.0", "boxes.1", "inner.score"]),
        ([1, [2, (3, 4)]], ["features.0", "features.1.0", "features.1.1.0", "features.1.1.1"]),
        (Pair(1, 2), ["boxes", "scores"]),
        (OrderedDict(b=1, a=2), ["b", "a"]),
        (Detections(1, 2), ["boxes", "scores"]),
        ([None, 1, []], ["features.1"]),
        ({"out": 1, "aux": None, "more": {}}, ["out"]),
    ],
)
def test_a_result_has_names_by_its_form(result, names):
    leaves, _ = flatten(result, leaf)
    assert list(leaves) == names
    assert list(leaves.values()) == list(range(1, len(names) + 1))


words = st.text("abc_", min_size=1, max_size=4)
results = st.recursive(
    st.integers() | st.none(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(words, inner, max_size=3),
    ),
    max_leaves=8,
)


@given(results)
def test_a_result_comes_back_from_its_leaves_and_form(result):
    assume(any(character.isdigit() for character in repr(result)))
    leaves, form = flatten(result, leaf)
    back = unflatten(form, leaves)
    assert back == result
    assert repr(back) == repr(result)


@pytest.mark.parametrize(
    ("result", "what"),
    [
        ("text", "output 'of the network' is str"),
        (None, "the network returns no tensor"),
        ([None, ()], "the network returns no tensor"),
        ([], "the network returns no tensor"),
        ({"a": {"b": 1.5}}, "output 'a.b' is float"),
        ({}, "the network returns no tensor"),
        ({1: 1}, "a dict whose keys are not words"),
        ({"two words": 1}, "a dict whose keys are not words"),
        ({"a": {"b": 1}, "a.b": 2}, "two outputs of the network are named 'a.b'"),
    ],
)
def test_what_is_no_tree_of_tensors_is_refused(result, what):
    with pytest.raises(CaptureRefused, match=what):
        flatten(result, leaf)
