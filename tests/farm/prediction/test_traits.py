"""What graphs ask of a device: the op, and what its use has beyond the plainest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from farm.prediction.traits import op_of, traits_of
from mcore.platform.dims import symbol
from mcore.platform.dtypes import DType
from mcore.platform.graph import Graph, Node, TensorType
from mcore.platform.ops import registry
from workers.profiles.limits import OpLimits

Shape = Sequence[Any]
IMAGE = (1, 16, 16, 16)


def one(op: str, shape: Shape, *weights: Shape, dtype: DType = DType.FLOAT32, **attributes: Any) -> Graph:
    """A graph of one node."""
    x = TensorType(dtype, tuple(shape))
    held = {f"w{i}": TensorType(DType.FLOAT32, tuple(own)) for i, own in enumerate(weights)}
    node = Node(op, ("x", *(f"@{name}" for name in held)), ("y",), attributes)
    made = registry.get(op).types([x, *held.values()], attributes)
    return Graph({"x": x}, {"out": "y"}, (node,), held, {"x": x, "y": made[0]})


def traits(*graphs: Graph) -> set[str]:
    return set(traits_of(graphs))


def test_the_plainest_use_is_the_op_alone() -> None:
    assert traits(one("relu", (1, 8, 64))) == {"relu"}


@pytest.mark.parametrize(
    ("shape", "weight", "attributes", "has", "has_not"),
    [
        ((1, 64, 8, 8), (64, 64, 5, 5), {}, "kernel of 5 or more", "kernel of 6 or more"),
        ((1, 64, 8, 8), (64, 64, 5, 5), {}, "kernel of 3 or more", "stride of 2 or more"),
        ((1, 64, 8, 8), (64, 64, 1, 1), {"stride": 2}, "stride of 2 or more", "kernel of 2 or more"),
        ((1, 64, 9, 9), (64, 64, 3, 3), {"dilation": 2}, "dilation of 2 or more", "dilation of 3 or more"),
        ((1, 64, 8, 8), (64, 1, 3, 3), {"groups": 64}, "depthwise", "grouped"),
        ((1, 64, 8, 8), (64, 16, 3, 3), {"groups": 4}, "grouped", "depthwise"),
        (
            (1, 64, 8, 8),
            (72, 64, 1, 1),
            {},
            "channels that are no multiple of 16",
            "channels that are no multiple of 8",
        ),
        ((1, 64, 8, 8), (512, 64, 1, 1), {}, "channels of 257 or more", "channels of 513 or more"),
        ((1, 64, 8, 8), (64, 64, 1, 1), {}, "rank of 4 or more", "rank of 5 or more"),
    ],
)
def test_a_convolution(shape: Shape, weight: Shape, attributes: Mapping[str, Any], has: str, has_not: str) -> None:
    found = traits(one("conv2d", shape, weight, **attributes))
    assert "conv2d" in found
    assert f"conv2d: {has}" in found
    assert f"conv2d: {has_not}" not in found


def test_what_is_harder_has_all_that_is_easier() -> None:
    small, large = (traits(one("conv2d", (1, 64, 16, 16), (64, 64, k, k))) for k in (3, 11))
    assert small < large


def test_types_and_modes_count_where_they_are_not_the_plain_ones() -> None:
    assert "abs: on int64" in traits(one("abs", (2, 3), dtype=DType.INT64))
    assert "gelu: approximate tanh" in traits(one("gelu", (2, 3), approximate="tanh"))
    assert traits(one("gelu", (2, 64))) == {"gelu"}


def test_sizes_that_are_free_are_none_of_the_graphs() -> None:
    assert traits(one("relu", (symbol("N"), symbol("H")))) == {"relu"}


def test_the_traits_of_several_graphs_are_those_of_any_in_order_and_each_once() -> None:
    found = traits_of([one("relu", (2, 64)), one("gelu", (2, 64)), one("relu", (2, 64))])
    assert found == ("gelu", "relu")


@pytest.mark.parametrize(
    ("limit", "taken", "refused"),
    [
        ({"max_kernel": 4}, one("max_pool2d", IMAGE, kernel_size=3), one("max_pool2d", IMAGE, kernel_size=5)),
        ({"max_kernel": 4}, one("conv2d", IMAGE, (16, 16, 3, 3)), one("conv2d", IMAGE, (16, 16, 5, 5))),
        ({"channels_multiple_of": 16}, one("conv2d", IMAGE, (32, 16, 1, 1)), one("conv2d", IMAGE, (24, 16, 1, 1))),
        ({"channels_multiple_of": 16}, one("relu", IMAGE), one("relu", (1, 24, 16, 16))),
        ({"max_rank": 4}, one("relu", IMAGE), one("relu", (1, 16, 2, 8, 16))),
    ],
)
def test_each_limit_of_the_simulated_device_can_be_foreseen(
    limit: dict[str, int], taken: Graph, refused: Graph
) -> None:
    device = OpLimits({taken.nodes[0].op: limit})
    assert not device.beyond(taken)
    assert device.beyond(refused)
    assert traits(refused) - traits(taken)


def test_the_op_of_a_trait() -> None:
    assert op_of("conv2d: kernel of 5 or more") == op_of("conv2d") == "conv2d"
