import os
from pathlib import Path

import numpy as np
import pytest

from mcore.platform import dims
from mcore.platform.errors import BackendError, GraphError, GuardError
from mcore.platform.format import read_bundle, stored, write_bundle
from mcore.platform.graph import Symbol
from mcore.platform.runtime import Model, Program
from tests.mcore.platform.runtime.graphs import Sketch

N, H, W = (dims.symbol(name) for name in "NHW")
SIZES = [(1, 20, 24), (2, 33, 21), (1, 16, 16)]


def network() -> tuple[Sketch, str]:
    s = Sketch()
    s.symbols = {name: Symbol(name) for name in "NHW"}
    s.symbols["H"] = Symbol("H", minimum=8)
    x = s.input("x", N, 3, H, W)
    y = s.node("relu", s.norm(s.conv(s.conv(x, 32), 32, bias=False)))
    return s, s.node("add", y, s.node("mean", y, dim=(2, 3), keepdim=True))


def image(n: int, h: int, w: int) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(h).standard_normal((n, 3, h, w)).astype(np.float32)}


@pytest.mark.parametrize("mode", ["default", "exact", "reference"])
def test_each_size_gives_what_a_program_of_its_own_gives(mode: str) -> None:
    s, y = network()
    model = Model(s.graph(y), s.weights, mode=mode)
    for size in [*SIZES, *SIZES]:
        inputs = image(*size)
        own = Program(s.graph(y), s.weights, {"x": inputs["x"].shape}, mode).run(inputs)
        np.testing.assert_array_equal(model.run(inputs)["out"], own["out"])


def test_programs_are_kept_and_the_longest_unused_goes_first() -> None:
    s, y = network()
    model = Model(s.graph(y), s.weights, kept=2)
    a, b, c = ({"x": (n, 3, h, w)} for n, h, w in SIZES)
    first, second = model.program(a), model.program(b)
    assert model.program(a) is first
    model.program(c)
    assert model.program(a) is first
    assert model.program(b) is not second


def test_programs_of_a_model_share_the_weights_in_their_planned_forms() -> None:
    s, y = network()
    model = Model(s.graph(y), s.weights)
    model.run(image(1, 20, 24))
    before = dict(model.prepared.arrays)
    model.run(image(2, 33, 21))
    assert before
    assert model.prepared.arrays.keys() == before.keys()
    assert all(model.prepared.arrays[name] is array for name, array in before.items())


def test_forms_that_no_kept_program_has_are_let_go() -> None:
    s, y = network()
    model = Model(s.graph(y), s.weights, kept=1)
    model.run(image(1, 20, 24))
    filters = {name for name in model.prepared.arrays if "winograd" in name}
    assert filters
    model.run(image(1, 8, 9))  # too small for that
    assert not filters & model.prepared.arrays.keys()
    own = Program(s.graph(y), s.weights, {"x": (1, 3, 20, 24)}).run(image(1, 20, 24))
    np.testing.assert_array_equal(model.run(image(1, 20, 24))["out"], own["out"])
    assert filters <= model.prepared.arrays.keys()


def resident() -> int:
    """Memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("mode", ["default", "reference"])
def test_weights_that_are_handed_over_are_in_memory_once(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "BLOCK", 4 << 20)  # mapped, so that what is free is gone
    s = Sketch()
    s.symbols = {name: Symbol(name) for name in "HW"}
    y = s.input("x", 1, 512, H, W)
    for _ in range(24):
        y = s.norm(s.conv(y, 512, 1, bias=False))
    write_bundle(tmp_path / "net", graph=s.graph(y), weights=s.weights, samples=())
    x = {"x": np.random.default_rng(0).standard_normal((1, 512, 6, 5)).astype(np.float32)}
    expected = Program(s.graph(y), s.weights, {"x": (1, 512, 6, 5)}, mode).run(x)
    size = sum(array.nbytes for array in s.weights.values())
    before = resident()
    bundle = read_bundle(tmp_path / "net")
    model = Model(bundle.graph, bundle.weights, mode=mode)
    found = model.run(x)
    np.testing.assert_array_equal(found["out"], expected["out"])
    assert resident() - before < 1.6 * size  # as they are, they lie in the blocks of the file, of which some are copied
    assert sum(array.nbytes for array in model.prepared.arrays.values()) < 1.2 * size
    again = {"x": np.ascontiguousarray(x["x"][:, :, :3])}
    assert model.run(again)["out"].shape == (1, 512, 3, 5)
    np.testing.assert_array_equal(bundle.weights["w0"], s.weights["w0"])


def test_constants_that_depend_on_the_size_are_not_shared() -> None:
    s = Sketch()
    s.symbols = {"H": Symbol("H")}
    x = s.input("x", 2, H)
    weight = s.node("unsqueeze", s.node("cast", s.node("arange", start=0, end=H), dtype="float32"), dim=0)
    y = s.node("linear", x, weight)
    model = Model(s.graph(y), s.weights)
    for size in (3, 5, 4):
        result = model.run({"x": np.ones((2, size), np.float32)})["out"]
        np.testing.assert_array_equal(result, [[sum(range(size))]] * 2)


def test_errors_are_those_of_a_program() -> None:
    s, y = network()
    with pytest.raises(BackendError, match="no mode 'turbo'"):
        Model(s.graph(y), s.weights, mode="turbo")
    model = Model(s.graph(y), s.weights)
    with pytest.raises(GuardError, match="H = 7"):
        model.run(image(1, 7, 16))
    with pytest.raises(GraphError, match="missing or unknown"):
        model.run({})
    with pytest.raises(GraphError, match="int64"):
        model.run({"x": np.zeros((1, 3, 16, 16), np.int64)})


def test_injected_kernels_reach_every_program() -> None:
    s, y = network()
    model = Model(s.graph(y), s.weights, kernels={"relu": lambda x: x * 0})
    for size in SIZES:
        assert not model.run(image(*size))["out"].any()
