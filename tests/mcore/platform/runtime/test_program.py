import threading

import numpy as np
import pytest

from mcore.platform import dims
from mcore.platform.dtypes import DType
from mcore.platform.errors import BackendError, GraphError, GuardError
from mcore.platform.graph import Guard, Symbol
from mcore.platform.runtime import Mode, Program
from tests.mcore.platform.runtime.graphs import Sketch, run

H, W = dims.symbol("H"), dims.symbol("W")
MODES = [mode.value for mode in Mode]


def network(seed: int = 0) -> tuple[Sketch, str]:
    s = Sketch(seed)
    x = s.input("x", 2, 3, 18, 14)
    a = s.node("relu", s.norm(s.conv(x, 32, bias=False)))
    b = s.norm(s.conv(a, 32, bias=False))
    c = s.node("relu", s.node("add", b, a))
    pooled = s.node("adaptive_avg_pool2d", s.conv(c, 8, 1), output_size=1)
    return s, s.linear(s.node("flatten", pooled, start_dim=1, end_dim=-1), 5)


def symbolic() -> tuple[Sketch, str]:
    s = Sketch()
    s.symbols = {"H": Symbol("H", minimum=8, multiple_of=2), "W": Symbol("W", minimum=4, maximum=64)}
    s.guards = [Guard(">=", W, H, "root forward.py:3")]
    x = s.input("x", 1, 3, H, W)
    return s, s.node("max_pool2d", s.conv(x, 4), kernel_size=2)


@pytest.mark.parametrize("mode", MODES)
def test_outputs_have_the_graph_s_names_order_shapes_and_dtypes(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 1, 3, 6, 7)
    y = s.conv(x, 4)
    graph = s.graph(boxes=y, mask=s.node("gt", y, other=0))
    result = Program(graph, s.weights, {"x": (1, 3, 6, 7)}, mode).run(s.arrays())
    assert list(result) == ["boxes", "mask"]
    assert [(a.shape, a.dtype.name) for a in result.values()] == [((1, 4, 6, 7), "float32"), ((1, 4, 6, 7), "bool")]
    assert all(a.flags.c_contiguous for a in result.values())


@pytest.mark.parametrize("mode", MODES)
def test_an_input_returned_as_an_output_is_a_copy(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 1, 3, 6, 7)
    arrays = s.arrays()
    before = arrays["x"].copy()
    result = run(s, x, s.conv(x, 2), mode=mode, inputs=arrays)
    np.testing.assert_array_equal(result["out"], before)
    result["out"][:] = 0
    np.testing.assert_array_equal(arrays["x"], before)


@pytest.mark.parametrize("mode", MODES)
def test_a_weight_returned_as_an_output_is_a_copy(mode: str) -> None:
    s = Sketch()
    s.input("x", 1)
    weight = s.normal(1, 2, 3, 4)
    result = run(s, weight, mode=mode)
    result["out"][:] = 0
    assert np.abs(s.weights["w0"]).min() > 0


@pytest.mark.parametrize("mode", MODES)
def test_one_value_may_be_two_outputs(mode: str) -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 3, 6, 7), 2)
    result = run(s, y, y, mode=mode)
    np.testing.assert_array_equal(result["out"], result["out1"])
    assert not np.shares_memory(result["out"], result["out1"])


@pytest.mark.parametrize("mode", MODES)
def test_an_output_that_is_also_used_inside_keeps_its_value(mode: str) -> None:
    s = Sketch()
    y = s.conv(s.input("x", 1, 3, 12, 12), 32)
    inner = s.node("relu", y)
    result = run(s, y, s.conv(inner, 4), inner, mode=mode)
    assert result["out"].min() < 0
    np.testing.assert_array_equal(result["out2"], np.maximum(result["out"], 0))


@pytest.mark.parametrize("mode", MODES)
def test_results_are_bit_equal_from_run_to_run_and_from_program_to_program(mode: str) -> None:
    s, y = network()
    shapes = {"x": (2, 3, 18, 14)}
    first, second = (Program(s.graph(y), s.weights, shapes, mode) for _ in range(2))
    arrays, others = s.arrays(1), s.arrays(2)
    expected = first.run(arrays)["out"]
    first.run(others)
    np.testing.assert_array_equal(first.run(arrays)["out"], expected)
    np.testing.assert_array_equal(second.run(arrays)["out"], expected)


@pytest.mark.parametrize("mode", MODES)
def test_a_later_run_leaves_earlier_outputs_and_inputs_alone(mode: str) -> None:
    s, y = network()
    program = Program(s.graph(y, s.nodes[2].outputs[0]), s.weights, {"x": (2, 3, 18, 14)}, mode)
    arrays = s.arrays(1)
    given = arrays["x"].copy()
    first = program.run(arrays)
    kept = {name: array.copy() for name, array in first.items()}
    second = program.run(s.arrays(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, kept[name])
        assert np.abs(second[name] - array).max() > 1e-3
    np.testing.assert_array_equal(arrays["x"], given)


@pytest.mark.parametrize("mode", MODES)
def test_weights_are_neither_written_nor_need_to_be_writable(mode: str) -> None:
    s, y = network()
    before = {name: array.copy() for name, array in s.weights.items()}
    for array in s.weights.values():
        array.flags.writeable = False
    run(s, y, mode=mode)
    for name, array in s.weights.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("mode", MODES)
def test_inputs_may_be_strided_and_read_only(mode: str) -> None:
    s, y = network()
    arrays = s.arrays()
    expected = run(s, y, mode=mode, inputs=arrays)["out"]
    view = np.ascontiguousarray(arrays["x"].transpose(2, 0, 3, 1)).transpose(1, 3, 0, 2)
    view.flags.writeable = False
    np.testing.assert_array_equal(run(s, y, mode=mode, inputs={"x": view})["out"], expected)


@pytest.mark.parametrize("mode", MODES)
def test_a_batch_is_its_images_one_by_one(mode: str) -> None:
    s, y = network()
    batch = s.arrays()["x"]
    whole = run(s, y, mode=mode)["out"]
    for index in range(2):
        s.inputs["x"] = s.types["x"]
        one, z = network()
        one.inputs["x"] = one.types["x"] = type(s.types["x"])(DType.FLOAT32, (1, 3, 18, 14))
        alone = run(one, z, mode=mode, inputs={"x": batch[index : index + 1]})["out"]
        np.testing.assert_allclose(alone[0], whole[index], atol=2e-5 * np.abs(whole).max())


@pytest.mark.parametrize("mode", MODES)
def test_several_inputs_of_other_types(mode: str) -> None:
    s = Sketch()
    a, b = s.input("a", 2, 3), s.input("b", 3, dtype=DType.INT64)
    arrays = {"a": np.ones((2, 3), np.float32), "b": np.array([1, 2, 3])}
    result = run(s, s.node("add", a, b), s.node("mul", b, b), mode=mode, inputs=arrays)
    np.testing.assert_array_equal(result["out"], np.float32([[2, 3, 4]] * 2))
    np.testing.assert_array_equal(result["out1"], [1, 4, 9])


@pytest.mark.parametrize("mode", MODES)
def test_threads_may_share_a_program(mode: str) -> None:
    s, y = network()
    program = Program(s.graph(y), s.weights, {"x": (2, 3, 18, 14)}, mode)
    expected = {seed: program.run(s.arrays(seed))["out"] for seed in range(4)}
    results: dict[int, list[np.ndarray]] = {seed: [] for seed in expected}

    def work(seed: int) -> None:
        for _ in range(5):
            results[seed].append(program.run(s.arrays(seed))["out"])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, arrays in results.items():
        assert len(arrays) == 5
        assert all(np.array_equal(array, expected[seed]) for array in arrays)


@pytest.mark.parametrize("mode", MODES)
def test_overflow_is_inf_without_a_warning(mode: str) -> None:
    s = Sketch()
    x = s.input("x", 1, 1, 2, 2)
    arrays = {"x": np.full((1, 1, 2, 2), 3e38, np.float32)}
    result = run(s, s.node("mul", s.node("add", x, x), other=-1.0), s.node("silu", x), mode=mode, inputs=arrays)
    assert np.all(result["out"] == -np.inf)
    np.testing.assert_array_equal(result["out1"], arrays["x"])


def test_unknown_modes_are_refused() -> None:
    s, y = network()
    with pytest.raises(BackendError, match="no mode 'turbo'; it has default, fast, exact, reference"):
        run(s, y, mode="turbo")


@pytest.mark.parametrize("mode", MODES)
def test_a_program_needs_a_thread(mode: str) -> None:
    s, y = network()
    with pytest.raises(BackendError, match="a thread or more, not 0"):
        run(s, y, mode=mode, threads=0)


@pytest.mark.parametrize("mode", MODES)
class TestRefusals:
    def test_missing_and_unknown_inputs(self, mode: str) -> None:
        s, y = network()
        program = Program(s.graph(y), s.weights, {"x": (2, 3, 18, 14)}, mode)
        with pytest.raises(GraphError, match="missing or unknown: x"):
            program.run({})
        with pytest.raises(GraphError, match="missing or unknown: z"):
            program.run({**s.arrays(), "z": np.zeros(1)})

    def test_another_dtype(self, mode: str) -> None:
        s, y = network()
        with pytest.raises(GraphError, match="input 'x' is float64, the graph wants float32"):
            run(s, y, mode=mode, inputs={"x": s.arrays()["x"].astype(np.float64)})

    def test_a_shape_that_was_not_planned(self, mode: str) -> None:
        s, y = symbolic()
        program = Program(s.graph(y), s.weights, {"x": (1, 3, 8, 12)}, mode)
        with pytest.raises(GraphError, match=r"has shape \(1, 3, 8, 14\), the program was planned for \(1, 3, 8, 12\)"):
            program.run({"x": np.zeros((1, 3, 8, 14), np.float32)})

    def test_a_shape_that_the_graph_does_not_take(self, mode: str) -> None:
        s, y = network()
        with pytest.raises(GraphError, match="the graph wants"):
            Program(s.graph(y), s.weights, {"x": (2, 4, 18, 14)}, mode)
        with pytest.raises(GraphError, match="rank 3"):
            Program(s.graph(y), s.weights, {"x": (3, 18, 14)}, mode)

    def test_a_symbol_out_of_its_range(self, mode: str) -> None:
        s, y = symbolic()
        for shape, message in [((1, 3, 6, 12), "H = 6"), ((1, 3, 9, 12), "multiples of 2"), ((1, 3, 8, 65), "W = 65")]:
            with pytest.raises(GuardError, match=message):
                Program(s.graph(y), s.weights, {"x": shape}, mode)

    def test_a_guard_that_does_not_hold(self, mode: str) -> None:
        s, y = symbolic()
        with pytest.raises(GuardError, match=r"needs W >= H \(root forward.py:3\)"):
            Program(s.graph(y), s.weights, {"x": (1, 3, 20, 12)}, mode)

    def test_a_kernel_for_an_op_that_does_not_exist(self, mode: str) -> None:
        s, y = network()
        with pytest.raises(GraphError, match="unknown op 'konv2d'"):
            run(s, y, mode=mode, kernels={"konv2d": np.add})
