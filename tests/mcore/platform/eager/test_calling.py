"""How an op of the registry becomes a function of tensors."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from mcore.platform.eager.calling import ValuesAndIndices, function_of, overwrite, plain, run
from mcore.platform.eager.tensor import Tensor
from mcore.platform.errors import BackendError, GraphError
from mcore.platform.ops import registry


def parameters(name: str, **options: object) -> str:
    return str(inspect.signature(function_of(registry.get(name), **options)))  # type: ignore[arg-type]


def test_signatures_are_inputs_and_attributes_then_what_torch_has_more() -> None:
    assert parameters("leaky_relu") == "(input, negative_slope=0.01)"
    assert parameters("group_norm") == "(input, num_groups, weight=None, bias=None, eps=1e-05)"
    assert parameters("cat") == "(tensors, dim=0)"
    assert parameters("add", extra={"alpha": 1}) == "(input, other, alpha=1)"
    assert parameters("pow", renamed={"other": "exponent"}) == "(input, exponent)"


@pytest.mark.parametrize("op", list(registry.ops()), ids=lambda op: op.name)
def test_every_op_is_a_function_with_its_name_and_text(op: registry.Op) -> None:
    function = function_of(op)
    assert function.__name__ == op.name
    assert function.__doc__ == op.doc
    assert len(inspect.signature(function).parameters) == len(op.parameters)


def test_run_takes_tensors_arrays_and_none() -> None:
    x = np.ones((2, 3), np.float32)
    result = run("linear", (x, Tensor(x), None), {})
    assert isinstance(result, Tensor)
    assert result.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_some_ops_give_tuples_whatever_their_length() -> None:
    x = Tensor([[3.0, 1.0, 2.0]])
    assert isinstance(run("split", (x,), {"split_size_or_sections": 3, "dim": 1}), tuple)
    assert len(run("unbind", (x,), {"dim": 0})) == 1
    values, indices = ranked = run("topk", (x,), {"k": 2})
    assert isinstance(ranked, ValuesAndIndices)
    assert (values.tolist(), indices.tolist()) == ([[3.0, 2.0]], [[0, 2]])
    assert (ranked.values is values, ranked.indices is indices) == (True, True)


def test_attributes_may_be_tensors_and_numpy_numbers() -> None:
    assert plain((Tensor(2), np.int64(3), [np.array([4, 5])], None, "text")) == (2, 3, ((4, 5),), None, "text")
    assert type(plain(np.float32(1.5))) is float
    x = Tensor(np.zeros((2, 6), np.float32))
    assert x.reshape(Tensor(3), np.int64(4)).shape == (3, 4)


def test_a_number_goes_to_the_attribute_and_an_array_to_the_input() -> None:
    add = function_of(registry.get("add"))
    x = Tensor([1.0, 2.0])
    assert add(x, 1).tolist() == [2.0, 3.0]
    assert add(x, np.array([1.0, 0.0], np.float32)).tolist() == [2.0, 2.0]
    assert add(x, other=x).tolist() == [2.0, 4.0]


def test_errors_of_the_op_reach_the_caller() -> None:
    with pytest.raises(GraphError, match="op 'relu'"):
        run("relu", (Tensor([True]),), {"slope": 1})
    with pytest.raises(GraphError, match="unknown op 'nothing'"):
        run("nothing", (), {})


def test_overwriting_needs_a_result_that_fits() -> None:
    target = Tensor([1.0, 2.0])
    assert overwrite(target, Tensor([3.0, 4.0])) is target
    assert target.tolist() == [3.0, 4.0]
    for result in (Tensor([1.0]), Tensor([[1.0, 2.0]])):
        with pytest.raises(BackendError, match="cannot be written in place"):
            overwrite(target, result)
    frozen = np.zeros(2, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(BackendError, match="read-only one"):
        overwrite(Tensor(frozen), target)
