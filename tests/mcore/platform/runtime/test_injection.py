"""Kernels injected in place of an op's own."""

from typing import Any

import numpy as np
import pytest

from mcore.platform.errors import GraphError
from mcore.platform.ops import registry
from mcore.platform.runtime import Mode
from tests.mcore.platform.runtime.graphs import Sketch, run

MODES = [mode.value for mode in Mode]


def network() -> tuple[Sketch, str, str]:
    """A convolution, batch norm, activation; the values after the convolution and at the end."""
    s = Sketch()
    x = s.input("x", 2, 4, 12, 11)
    a = s.conv(x, 32, bias=False)
    b = s.node("relu", s.norm(a))
    c = s.node("add", s.norm(s.conv(b, 32, 1)), b)
    return s, a, s.node("max_pool2d", c, kernel_size=2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("op", ["conv2d", "batch_norm", "relu", "add", "max_pool2d"])
def test_the_plain_kernel_injected_changes_nothing(mode: str, op: str) -> None:
    s, a, y = network()
    expected = run(s, a, y, mode="reference")
    result = run(s, a, y, mode=mode, kernels={op: registry.get(op).kernel})
    for name, array in expected.items():
        np.testing.assert_allclose(result[name], array, rtol=0, atol=2e-5 * np.abs(array).max())


@pytest.mark.parametrize("mode", MODES)
def test_a_kernel_is_called_once_a_node_with_arrays_and_attributes_as_the_graph_has_them(mode: str) -> None:
    s, _, y = network()
    calls: list[tuple[Any, dict[str, Any]]] = []

    def spy(*arrays: np.ndarray | None, **attributes: Any) -> np.ndarray:
        calls.append(([None if a is None else a.shape for a in arrays], attributes))
        assert all(a is None or a.flags.c_contiguous for a in arrays)
        return registry.get("conv2d").kernel(*arrays, **attributes)

    run(s, y, mode=mode, kernels={"conv2d": spy})
    assert [shapes for shapes, _ in calls] == [
        [(2, 4, 12, 11), (32, 4, 3, 3), None],
        [(2, 32, 12, 11), (32, 32, 1, 1), (32,)],
    ]
    assert calls[0][1] == {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}


@pytest.mark.parametrize("mode", MODES)
def test_a_fault_shows_after_its_op_and_nowhere_before(mode: str) -> None:
    s, a, y = network()
    healthy = run(s, a, y, mode=mode)
    faulty = run(s, a, y, mode=mode, kernels={"max_pool2d": lambda x, **_: x[:, :, ::2, ::2][:, :, :6, :5] * 0.5})
    np.testing.assert_array_equal(faulty["out"], healthy["out"])
    assert np.abs(faulty["out1"] - healthy["out1"]).max() > 0.1


@pytest.mark.parametrize("mode", MODES)
def test_a_fault_in_an_op_that_would_be_folded_or_fused_is_seen(mode: str) -> None:
    s, _, y = network()
    healthy = run(s, y, mode=mode)["out"]
    for op, fault in {
        "batch_norm": lambda x, *_, **__: x,
        "relu": lambda x: x,
        "add": lambda x, y, **_: x,
    }.items():
        assert np.abs(run(s, y, mode=mode, kernels={op: fault})["out"] - healthy).max() > 0.1, op


@pytest.mark.parametrize("mode", MODES)
def test_a_kernel_may_write_to_what_it_is_given_without_harm(mode: str) -> None:
    s, _, y = network()
    healthy = run(s, y, mode=mode)["out"]
    before = {name: array.copy() for name, array in s.weights.items()}
    original = registry.get("conv2d").kernel

    def destructive(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, **attributes: Any) -> np.ndarray:
        result = original(x, weight, bias, **attributes)
        x[:] = np.nan
        weight[:] = np.nan
        return result

    result = run(s, y, mode=mode, kernels={"conv2d": destructive})["out"]
    np.testing.assert_allclose(result, healthy, rtol=0, atol=2e-5 * np.abs(healthy).max())
    for name, array in s.weights.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda x: x[:1], r"float32 \(1, 4, 3\), the graph wants float32 \(2, 4, 3\)"),
        (lambda x: x.astype(np.float64), r"float64 \(2, 4, 3\), the graph wants float32"),
        (lambda x: np.float32(0), r"float32 \(\), the graph wants"),
    ],
)
def test_a_kernel_that_returns_another_type_is_named(mode: str, fault: Any, message: str) -> None:
    s = Sketch()
    y = s.node("relu", s.input("x", 2, 4, 3))
    with pytest.raises(GraphError, match=r"node 0 \(relu of layer0\): the kernel made " + message):
        run(s, y, mode=mode, kernels={"relu": fault})


@pytest.mark.parametrize("mode", MODES)
def test_an_injected_kernel_on_constants_runs_at_each_run(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 3)
    y = s.node("add", x, s.node("exp", s.weight(np.zeros(3, np.float32))))
    calls = []

    def kernel(a: np.ndarray) -> np.ndarray:
        calls.append(1)
        return a - 1

    arrays = {"x": np.zeros(3, np.float32)}
    np.testing.assert_array_equal(run(s, y, mode=mode, inputs=arrays, kernels={"exp": kernel})["out"], [-1, -1, -1])
    assert calls == [1]
