"""What may be asked of a tensor without a trace, and what draws random numbers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mcore.convert import CaptureRefused, capture
from mcore.convert.from_torch import QUERIES, RANDOM
from tests.mcore.convert.harness import IMAGE, Apply, ops

ASKED = [
    (lambda x: x.dim(), 4),
    (lambda x: x.ndim, 4),
    (lambda x: x.ndimension(), 4),
    (lambda x: x.dtype, torch.float32),
    (lambda x: x.device, torch.device("cpu")),
    (lambda x: x.layout, torch.strided),
    (lambda x: x.is_cuda, False),
    (lambda x: x.requires_grad, False),
    (lambda x: x.is_floating_point(), True),
    (lambda x: torch.is_floating_point(x), True),
    (lambda x: torch.is_complex(x), False),
    (lambda x: torch.is_tensor(x), True),
    (lambda x: x.is_contiguous(), True),
    (lambda x: x.element_size(), 4),
    (lambda x: torch.result_type(x, 1), torch.float32),
    (lambda x: torch.promote_types(x.dtype, torch.float64), torch.float64),
    (lambda x: isinstance(x, Tensor), True),
]


@pytest.mark.parametrize(("ask", "answer"), ASKED)
def test_a_question_leaves_no_node_and_is_answered(ask, answer):
    answers = []

    def function(x):
        answers.append(ask(x))
        return x + 1

    graph = capture(Apply(function), IMAGE).graph
    assert ops(graph) == ["add"]
    assert not graph.guards
    assert answers == [answer] * len(answers)
    assert answers


SIZES = [
    (lambda x: x.shape, "N, 4, H, W"),
    (lambda x: x.size(), "N, 4, H, W"),
    (lambda x: [x.size(2)], "H"),
    (lambda x: [x.size(dim=-1)], "W"),
    (lambda x: [x.shape[-1]], "W"),
    (lambda x: x.shape[2:], "H, W"),
    (lambda x: [x.numel()], "4*H*N*W"),
    (lambda x: [torch.numel(x)], "4*H*N*W"),
    (lambda x: x.flatten(2).shape, "N, 4, H*W"),
    (lambda x: (*x.shape[:1], 7), "N, 7"),
]


@pytest.mark.parametrize(("ask", "wanted"), SIZES)
def test_a_size_carries_its_expression(ask, wanted):
    found = []

    def function(x):
        found.append(", ".join(str(getattr(size, "expr", size)) for size in ask(x)))
        return x + 1

    capture(Apply(function), IMAGE)
    assert found[-1] == wanted


def test_the_size_of_a_constant_or_of_a_weight_is_a_plain_number():
    kinds = []

    def function(x, s):
        kinds.extend([type(s.shape[0]), type(torch.ones(3).shape[0]), type(x.shape[1]), type(len(s))])
        return x + s

    capture(Apply(function, s=torch.ones(4, 1, 1)), IMAGE)
    assert set(kinds) == {int}


def test_formatting_a_tensor_is_no_question_of_its_content():
    capture(Apply(lambda x: x + len(f"{x.dtype} {x.shape}" and "four")), IMAGE)


@pytest.mark.parametrize("function", sorted(RANDOM, key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_random_numbers_are_refused_whether_they_depend_on_the_input_or_not(function):
    arguments = {
        "bernoulli": (torch.full((4, 1, 1), 0.5),),
        "multinomial": (torch.ones(4), 4, True),
        "normal": (0.0, 1.0, (4, 1, 1)),
        "poisson": (torch.ones(4, 1, 1),),
        "rand_like": (torch.ones(4, 1, 1),),
        "randint": (0, 5, (4, 1, 1)),
        "randn_like": (torch.ones(4, 1, 1),),
        "randperm": (4,),
    }.get(function.__name__, (4, 1, 1))
    with pytest.raises(CaptureRefused, match=f"draws random numbers .*{function.__name__}"):
        capture(Apply(lambda x: x + function(*arguments).reshape(-1, 1, 1)), IMAGE)


def test_every_query_is_callable():
    assert all(callable(query) for query in QUERIES)
