"""The op set as a whole: every op has a parity case, says what it does, and refuses whatever does not fit without crashing."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcore.convert.torch_ops import function
from mcore.platform.dims import Expr, symbol
from mcore.platform.dtypes import DType
from mcore.platform.eager import functional
from mcore.platform.errors import GraphError
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.ops.registry import KINDS
from tests.mcore.convert.test_torch_ops import exercised

from .parity import Case
from .test_page import PAGE

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path.stem != Path(__file__).stem)
FAMILIES = {op.family for op in registry.ops()}


def cases() -> list[Case]:
    return _tables("CASES")


def _tables(name: str) -> list[Any]:
    """The items of the lists of that name in this folder's files of tests."""
    package = __name__.rpartition(".")[0]
    modules = [importlib.import_module(f"{package}.{module}") for module in MODULES]
    return [item for module in modules for item in getattr(module, name, [])]


def test_every_op_has_a_parity_case():
    assert set(registry.names()) == {case.op for case in cases()}


def test_every_attribute_is_given_in_a_case():
    """So that none is only ever tried at its default."""
    given_ones = {(case.op, name) for case in cases() for name in case.attributes}
    assert {(op.name, a.name) for op in registry.ops() for a in op.attributes} <= given_ones


def test_every_optional_input_is_given_in_a_case():
    found = {(case.op, p) for case in cases() for p, array in enumerate(case.inputs) if array is not None}
    wanted = {(op.name, p) for op in registry.ops() if not op.variadic for p in range(len(op.inputs))}
    assert wanted <= found


def test_every_family_has_a_file_of_tests():
    assert {f"test_{family}" for family in FAMILIES} <= set(MODULES)


@pytest.mark.parametrize("op", list(registry.ops()), ids=lambda op: op.name)
class TestDeclaration:
    def test_it_says_what_it_does(self, op):
        assert op.doc
        assert op.doc.splitlines()[0].endswith((".", ";", ","))

    def test_its_kernel_takes_what_is_declared(self, op):
        parameters = inspect.signature(op.kernel).parameters.values()
        keywords = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        assert keywords == {a.name for a in op.attributes}
        assert len(positional) == len(op.inputs)

    def test_its_defaults_are_in_canonical_form_or_become_so(self, op):
        for attribute in op.attributes:
            if attribute.default is not registry.REQUIRED:
                once = attribute.normalise(attribute.default)
                assert attribute.normalise(once) == once

    def test_its_kinds_are_known(self, op):
        assert all(a.kind.rstrip("?") in KINDS for a in op.attributes)


EXAMPLES = {example.op for example in _tables("EXAMPLES")}
FROM_TORCH = exercised()


@pytest.mark.parametrize("op", list(registry.ops()), ids=lambda op: op.name)
class TestTables:
    """What stands beside the registry, by name: design.md asks all of it of every op."""

    def test_it_has_an_example(self, op):
        assert op.name in EXAMPLES

    def test_it_is_captured_from_torch(self, op):
        assert op.name in FROM_TORCH, "put its spellings into a table of tests/mcore/convert/from_torch"

    def test_torch_computes_it(self, op):
        assert callable(function(op))

    def test_the_eager_backend_has_it(self, op):
        assert callable(functional.FUNCTIONS[op.name])
        assert getattr(functional, op.name) is functional.FUNCTIONS[op.name]

    def test_the_docs_page_has_it(self, op):
        assert f"\n### {op.name}\n" in PAGE.read_text()


EXPRESSIONS = st.sampled_from([symbol("H"), symbol("W") // 2, symbol("H") * symbol("W") + 1])
SIZES = st.integers(0, 6) | EXPRESSIONS | st.just(1 << 47)
TYPES = st.builds(TensorType, st.sampled_from(DType), st.lists(SIZES, max_size=5).map(tuple))
INTS = st.integers(-3, 7) | st.sampled_from([-(1 << 62), 1 << 62])
FLOATS = st.floats() | st.sampled_from([0.5, 2.0, 1e300])
WORDS = st.sampled_from(
    ["", "none", "tanh", "nearest", "bilinear", "reflect", "constant", "circular", "floor", "trunc"]
)
ELEMENTS = {
    "int": INTS,
    "float": FLOATS | INTS,
    "bool": st.booleans(),
    "str": WORDS,
    "dtype": st.sampled_from(DType),
    "number": INTS | FLOATS | st.booleans(),
    "scalar": INTS | FLOATS | st.booleans() | EXPRESSIONS,
    "size": INTS | EXPRESSIONS,
    "ints": st.lists(INTS, max_size=5),
    "single": st.tuples(INTS),
    "pair": st.tuples(INTS, INTS),
    "triple": st.tuples(INTS, INTS, INTS),
    "size_single": st.tuples(INTS | EXPRESSIONS),
    "size_pair": st.tuples(INTS | EXPRESSIONS, INTS | EXPRESSIONS),
    "size_triple": st.tuples(*[INTS | EXPRESSIONS] * 3),
    "floats": st.lists(FLOATS, max_size=4),
    "sizes": st.lists(INTS | EXPRESSIONS, max_size=6),
}


@st.composite
def calls(draw, op):
    """Inputs and attributes of the declared kinds, and nothing else right about them."""
    count = draw(st.integers(1, 3)) if op.variadic else len(op.inputs)
    inputs = [draw(TYPES | st.none() if name.endswith("?") else TYPES) for name in (op.inputs * count)[:count]]
    attributes = {}
    for attribute in op.attributes:
        if attribute.default is registry.REQUIRED or draw(st.booleans()):
            attributes[attribute.name] = draw(ELEMENTS[attribute.kind.rstrip("?")])
    return inputs, attributes


@pytest.mark.parametrize("op", list(registry.ops()), ids=lambda op: op.name)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_shape_rule_gives_types_or_a_graph_error(op, data):
    inputs, attributes = data.draw(calls(op))
    try:
        types = op.types(inputs, attributes)
    except GraphError as error:
        message = str(error)
    else:
        message = f"{op.name} is fine"
        assert all(isinstance(t, TensorType) for t in types)
        assert all(isinstance(size, Expr) or size >= 0 for t in types for size in t.shape)
    assert op.name in message
    assert "\n" not in message


@pytest.mark.parametrize("case", cases(), ids=str)
def test_inputs_are_left_as_they_were(case):
    inputs = [None if i is None else i.copy() for i in case.inputs]
    registry.get(case.op).compute(inputs, case.attributes)
    for before, after in zip(case.inputs, inputs, strict=True):
        if before is not None:
            np.testing.assert_array_equal(after, before)
