"""Which of several graphs takes which sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcore.platform.dims import symbol
from mcore.platform.errors import GraphError, GuardError
from mcore.platform.graph import Graph, Guard
from mcore.platform.variants import graph_for
from tests.mcore.platform.format.networks import small_graph

H = symbol("H")


def guarded(relation: str, height: int) -> Graph:
    return replace(small_graph(), guards=(Guard(relation, H, height, "net.py: if"),))


SMALL, LARGE = guarded("<=", 8), guarded(">", 20)


def test_the_first_graph_that_admits_a_size_is_taken():
    any_size = replace(small_graph(), guards=())
    assert graph_for((SMALL, LARGE), {"x": (1, 3, 8, 9)}) is SMALL
    assert graph_for((SMALL, LARGE), {"x": (1, 3, 21, 9)}) is LARGE
    assert graph_for((any_size, SMALL), {"x": (1, 3, 8, 9)}) is any_size
    assert graph_for((SMALL, any_size), {"x": (1, 3, 10, 9)}) is any_size


def test_where_none_does_one_line_says_what_each_needs():
    with pytest.raises(GuardError) as refused:
        graph_for((SMALL, LARGE), {"x": (1, 3, 10, 9)})
    assert str(refused.value) == (
        "none of the 2 graphs takes x (1, 3, 10, 9): "
        "[0] this size takes a branch that was not captured: needs H <= 8 (net.py: if); "
        "[1] this size takes a branch that was not captured: needs H > 20 (net.py: if)"
    )


def test_the_line_is_not_longer_than_eight_graphs():
    graphs = [guarded("==", height) for height in range(30, 50)]
    with pytest.raises(GuardError, match=r"\[7\] .*; and 12 more$"):
        graph_for(graphs, {"x": (1, 3, 10, 9)})


def test_a_single_graph_says_itself_what_is_wrong():
    with pytest.raises(GuardError, match=r"^this size takes a branch"):
        graph_for((SMALL,), {"x": (1, 3, 10, 9)})


@pytest.mark.parametrize("graphs", [(SMALL,), (SMALL, LARGE)])
def test_other_inputs_are_no_matter_of_size(graphs):
    with pytest.raises(GraphError, match="missing or unknown: x, y"):
        graph_for(graphs, {"y": (1, 3, 8, 8)})
