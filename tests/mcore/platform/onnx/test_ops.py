"""Every op of the table to ONNX: ONNX Runtime computes what the Platform's plain kernels do, or the table says why not."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the onnx extra is not installed")
ort = pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")

from mcore.platform.dtypes import DType  # noqa: E402
from mcore.platform.errors import GraphError  # noqa: E402
from mcore.platform.onnx import NeedsSizes, NoForm  # noqa: E402
from mcore.platform.onnx.table import REFUSED, WRITERS  # noqa: E402
from mcore.platform.ops import registry  # noqa: E402

from .running import Call, calls, graph_of, model_of, run  # noqa: E402

CALLS = list(calls())
#: Largest error, relative to each element and to the peak of the result (up to ten, beyond which the first counts).
TOLERANCE = {"float64": 1e-6, "float32": 2e-5, "float16": 4e-3}
#: Element types that runtimes may lack implementations for; of the others, every call of the table must run.
RARE = {"float64", "float16", "bfloat16", "int8", "int16", "uint8", "int32"}
#: What ONNX and its runtimes leave open where a value is NaN or infinite, or where there is none.
NONFINITE_IS_OPEN = {
    *("adaptive_avg_pool2d", "adaptive_max_pool2d", "amax", "amin", "argmax", "argmin", "div", "hardshrink", "hypot"),
    *("max_pool1d", "max_pool2d", "median", "softshrink"),
}
EMPTY_IS_OPEN = {"mean"}
#: Attributes and types that ops have no form for, by op: what the reason must say.
NO_FORM = {
    "adaptive_max_pool1d": "return_indices, where the bins do not divide x evenly",
    "adaptive_max_pool2d": "return_indices, where the bins do not divide x evenly",
    "adaptive_max_pool3d": "return_indices, where the bins do not divide x evenly",
    "avg_pool2d": "does not pool int64",
    "celu": "float32 alone",
    "conv_transpose2d": "not smaller than the stride",
    "conv_transpose3d": "not smaller than the stride",
    "fold": "convolves floating values",
    "max_pool2d": "does not pool int64",
    "max_pool3d": "does not pool int64",
    "neg": "unsigned",
    "pow": "no powers of",
    "unfold": "convolves floating values",
}


def elements(call: Call) -> set[str]:
    """The element types of a call."""
    values = [*(i for i in call.inputs if i is not None), *call.expected()]
    wanted = [v for v in call.attributes.values() if isinstance(v, DType)]
    return {DType.of(v).value for v in values} | {v.value for v in wanted}


def is_open(call: Call) -> bool:
    """Whether ONNX leaves open what the result is."""
    given = [i for i in call.inputs if i is not None]
    if call.op in NONFINITE_IS_OPEN and any(i.dtype.kind == "f" and not np.isfinite(i).all() for i in given):
        return True
    return call.op in EMPTY_IS_OPEN and any(i.size == 0 for i in given)


def legal(call: Call) -> bool:
    try:
        call.expected()
    except GraphError:
        return False
    return True


def check(call: Call, found: list[np.ndarray]) -> None:
    for value, wanted in zip(found, call.expected(), strict=True):
        assert (value.dtype, value.shape) == (wanted.dtype, wanted.shape), call
        if value.dtype.kind != "f":
            np.testing.assert_array_equal(value, wanted, str(call))
            continue
        tolerance = TOLERANCE[value.dtype.name]
        peak = min(float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)), 10.0)
        np.testing.assert_allclose(value, wanted, tolerance, tolerance * peak, err_msg=str(call))


def test_every_op_is_written_or_refused_with_a_reason():
    assert set(WRITERS) | set(REFUSED) == set(registry.names())
    assert not set(WRITERS) & set(REFUSED)
    assert all(len(reason) > 10 for reason in REFUSED.values())


def test_what_is_said_here_of_ops_is_said_of_ops_of_the_table():
    assert set(NO_FORM) | NONFINITE_IS_OPEN | EMPTY_IS_OPEN <= set(WRITERS)


def why_not(call: Call) -> str:
    """Run a call and check it; why there is nothing to run, or ``""``."""
    try:
        found = run(model_of(graph_of(call)), call.inputs)
    except NoForm as reason:
        return f"no form: {reason}"
    except Exception as error:
        if "NOT_IMPLEMENTED" in str(error):
            return f"not implemented: {error}"
        raise
    if not is_open(call):
        check(call, found)
    return ""


@pytest.mark.parametrize("op", sorted(WRITERS))
def test_onnx_runtime_computes_what_the_kernel_does(op):
    reasons = {call: why_not(call) for call in filter(legal, (c for c in CALLS if c.op == op))}
    for call, reason in reasons.items():
        kinds = elements(call)
        if reason.startswith("no form"):
            assert "bfloat16" in kinds or NO_FORM[op] in reason, call
        elif reason:
            assert kinds & RARE, f"{call}: {reason}"
    assert "" in reasons.values(), f"no call of {op} ran"


@pytest.mark.parametrize("op", sorted(WRITERS))
@pytest.mark.parametrize("axis", [0, -1])
def test_it_does_so_where_a_size_is_left_open(op, axis):
    for call in filter(legal, (c for c in CALLS if c.op == op)):
        if not call.symbolic or elements(call) & RARE or is_open(call):
            continue
        try:
            graph = graph_of(call, axis)
            if not graph.symbols or len(graph.outputs) != len(call.expected()):
                continue  # nothing is open, or the number of parts
            model = model_of(graph)
        except (GraphError, NoForm, NeedsSizes):
            continue  # the op itself, or its form in ONNX, wants the number
        check(call, run(model, call.inputs))


@pytest.mark.parametrize("op", sorted(REFUSED))
def test_a_refused_op_is_named_with_its_reason(op):
    call = next(c for c in CALLS if c.op == op and legal(c))
    graph = graph_of(call)
    with pytest.raises(NoForm, match=f"^{op}: {REFUSED[op]}$"):
        model_of(graph)
