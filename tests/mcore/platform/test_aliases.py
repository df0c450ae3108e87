"""Further names of shared weights, as a graph's metadata say."""

from __future__ import annotations

from typing import Any

import pytest

from mcore.platform.aliases import aliases
from mcore.platform.dtypes import DType
from mcore.platform.errors import FormatError
from mcore.platform.graph import Graph, TensorType


def graph(**metadata: Any) -> Graph:
    image = TensorType(DType.FLOAT32, (1, 2))
    weights = {"a.weight": TensorType(DType.FLOAT32, (2,))}
    return Graph({"x": image}, {"out": "x"}, (), weights, {"x": image}, {}, metadata=metadata)


def test_a_graph_without_shared_weights_has_none() -> None:
    assert aliases(graph()) == {}


def test_each_further_name_stands_for_a_weight() -> None:
    assert aliases(graph(aliases={"b.weight": "a.weight"})) == {"b.weight": "a.weight"}


@pytest.mark.parametrize(
    "said", [["a.weight"], {"b.weight": "c.weight"}, {"b.weight": None}, {"b.weight": []}, "a.weight"]
)
def test_what_names_no_weight_is_refused_with_its_place(said: Any) -> None:
    with pytest.raises(FormatError, match=r"graph\.json: metadata\.aliases: an alias of something that is no weight"):
        aliases(graph(aliases=said))
