"""Every kind of refusal, with module path, source line, and what to do."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn

from mcore.convert import CaptureRefused, ModelFailed, capture
from mcore.convert.errors import ConversionError, RuleDisagrees
from mcore.platform.ops import registry
from tests.mcore.convert import modules
from tests.mcore.convert.harness import IMAGE, Apply


class Outer(nn.Module):
    """Puts a module at the path ``body.0``."""

    def __init__(self, inner: nn.Module):
        super().__init__()
        self.body = nn.Sequential(inner)

    def forward(self, x):
        return self.body(x)


def line(kind: type, text: str) -> int:
    """Line number of the first line with ``text`` in the class ``kind``."""
    source, start = inspect.getsourcelines(kind)
    return start + next(i for i, code in enumerate(source) if text in code)


REFUSALS = [
    (modules.WeightWrite, "zero_()", "writes a parameter or buffer in place"),
    (modules.CounterWrite, "self.calls += 1", "writes a parameter or buffer in place"),
    (modules.NumpyDetour, "from_numpy", "torch was not seen to make"),
    (modules.NumpyRoundTrip, "x.numpy()", "asks a tensor for its content (torch.Tensor.numpy)"),
    (modules.BoolOfTensor, "if x.mean()", "asks a tensor for its content (torch.Tensor.__bool__)"),
    (modules.ItemOfTensor, ".item()", "asks a tensor for its content (torch.Tensor.item)"),
    (modules.ItemOfWeight, "float(self", "asks a tensor for its content (torch.Tensor.__float__)"),
    (modules.ComplexWeight, "return x *", "no element type complex64"),
    (modules.Swallowing, ".item()", "asks a tensor for its content"),
]


LEAKS = [
    (modules.IntLeak, "int(x.shape", "a plain number of an input-dependent size by int()"),
    (modules.RatioLeak, "x.shape[2] /", "by /"),
    (modules.RootLeak, "math.sqrt", "by float()"),
    (modules.LengthLeak, "len(x)", "by len()"),
]


@pytest.mark.parametrize(("kind", "code", "what"), LEAKS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_leak_is_the_reason_of_one_graph_for_each_size_with_its_line(kind, code, what):
    captured = capture(Outer(kind()), IMAGE)
    reason = captured.report.fallback
    assert what in reason
    assert reason.startswith(f"body.0 ({kind.__name__}), tests/mcore/convert/modules.py:{line(kind, code)}: ")
    assert [variant.serves for variant in captured.report.variants] == [("9x7",), ("8x8",), ("8x12",)]


@pytest.mark.parametrize(("kind", "code", "what"), REFUSALS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_refusal_names_what_and_where(kind, code, what):
    with pytest.raises(CaptureRefused) as refused:
        capture(Outer(kind()), IMAGE)
    text = str(refused.value)
    assert what in text
    assert text.startswith(f"body.0 ({kind.__name__}), tests/mcore/convert/modules.py:{line(kind, code)}: ")
    assert "\n" not in text


def test_a_write_through_a_view_that_is_not_followed_names_the_write_and_is_refused_where_it_is_read():
    with pytest.raises(CaptureRefused, match=r"overwritten through a view of it at .*modules\.py:") as refused:
        capture(modules.StridedWrite(), IMAGE)
    assert f"modules.py:{line(modules.StridedWrite, 'mul_')}" in str(refused.value)
    assert str(refused.value).startswith("StridedWrite: reads a tensor that was overwritten")


def test_a_write_that_nobody_reads_through_another_tensor_is_no_matter():
    def function(x):
        y = x + 1
        view = y.view(y.shape[0], -1)
        del y
        return view.mul_(2)

    capture(Apply(function), IMAGE)


def test_the_shape_of_what_was_overwritten_may_be_asked():
    def function(x):
        base = x + 1
        base[:, :2].mul_(2)
        return x * base.shape[2]

    assert [node.op for node in capture(Apply(function), IMAGE).graph.nodes] == ["mul"]


def test_functions_without_an_op_are_all_named_once_with_their_places():
    with pytest.raises(CaptureRefused) as refused:
        capture(modules.Unmapped(), IMAGE)
    text = str(refused.value)
    place = "Unmapped, tests/mcore/convert/modules.py"
    first, second = line(modules.Unmapped, "fft"), line(modules.Unmapped, "erfinv")
    assert text == (
        f"no op of the Platform for torch.fft.fft at {place}:{first}; torch.Tensor.real.__get__ at {place}:{first}; "
        f"torch.erfinv at {place}:{second}"
    )


def test_the_model_s_own_failure_keeps_its_exception_and_place():
    with pytest.raises(ModelFailed) as failed:
        capture(Outer(modules.Broken()), IMAGE)
    assert isinstance(failed.value.error, RuntimeError)
    assert failed.value.__cause__ is failed.value.error
    place = f"body.0 (Broken), tests/mcore/convert/modules.py:{line(modules.Broken, 'self.inner(x)')}"
    assert failed.value.place == place
    assert str(failed.value).startswith(f"{place}: the model's forward raised RuntimeError: ")


def test_a_failure_in_a_layer_of_torch_names_the_layer():
    with pytest.raises(ModelFailed, match=r"^body\.0 \(Conv2d\).*: the model's forward raised RuntimeError"):
        capture(Outer(nn.Conv2d(3, 4, 1)), IMAGE)


def test_a_fault_of_the_converter_is_not_the_model_s(monkeypatch):
    from mcore.convert.from_torch import MAPPINGS

    def broken(recorder, input):
        raise KeyError("a bug")

    monkeypatch.setitem(MAPPINGS, torch.tanh, broken)
    with pytest.raises(KeyError, match="a bug"):
        capture(Apply(torch.tanh), IMAGE)


def test_a_shape_rule_that_disagrees_with_torch_is_named(monkeypatch):
    tanh = registry.get("tanh")
    wrong = type(tanh)(**{**{f: getattr(tanh, f) for f in tanh.__slots__}, "infer": lambda x: (_halved(x),)})
    monkeypatch.setitem(registry._OPS, "tanh", wrong)
    with pytest.raises(RuleDisagrees, match=r"gave float32 \(2, 4, 9, 7\), the op's shape rule float32 \(2, 4, 9, 3\)"):
        capture(Apply(torch.tanh), IMAGE)


def _halved(kind):
    return type(kind)(kind.dtype, (*kind.shape[:-1], kind.shape[-1] // 2))


def test_an_argument_that_the_op_lacks_is_named():
    with pytest.raises(CaptureRefused, match=r"torch\.sum is called in a way .* 'out'"):
        capture(Apply(lambda x: torch.sum(x, 1, out=torch.empty(0))), IMAGE)


def test_every_refusal_is_a_conversion_error():
    assert issubclass(CaptureRefused, ConversionError)
    assert issubclass(ModelFailed, ConversionError)


def test_hooks_are_gone_afterwards():
    calls = torch.nn.modules.module
    before = len(calls._global_forward_hooks), len(calls._global_forward_pre_hooks)
    capture(modules.Residual(), IMAGE)
    with pytest.raises(ModelFailed):
        capture(modules.Broken(), IMAGE)
    assert (len(calls._global_forward_hooks), len(calls._global_forward_pre_hooks)) == before


def test_hooks_of_the_model_s_own_are_followed():
    model = modules.Residual()
    model.conv1.register_forward_hook(lambda module, inputs, output: output * 2)
    graph = capture(model.eval(), IMAGE).graph
    assert [(n.op, n.module) for n in graph.nodes[:2]] == [("conv2d", "conv1"), ("mul", "")]
