"""``einsum`` as permutations, reshapes and matrix products."""

from __future__ import annotations

import pytest
import torch

from tests.mcore.convert.harness import Apply, check, ops

ONE = ["nchw->nhwc", "nchw->nc", "nchw->", "nchw->wn", "nchw"]
TWO = ["nchw,oc->nohw", "nchw,oc->now", "nchw , oc -> onhw", "nchw,oc->nhw", "nchw,oc->nchwo", "nchw,oc"]
PAIRS = ["nchw,nchw->n", "nchw,ndhw->ncd", "nchw,ncHw->nchH", "nchw,nchw->nchw", "nchw,bchw->nb"]


@pytest.mark.parametrize("equation", ONE)
def test_of_one(equation):
    check(Apply(lambda x: torch.einsum(equation, x)))


@pytest.mark.parametrize("equation", TWO)
def test_with_a_weight(equation):
    check(Apply(lambda x, w: torch.einsum(equation, x, w), w=torch.randn(5, 4)))


@pytest.mark.parametrize("equation", PAIRS)
def test_with_itself(equation):
    check(Apply(lambda x: torch.einsum(equation, x, x + 1)))


@pytest.mark.parametrize(
    "equation", ["...hw->...wh", "n...->...", "...h", "nc...w->n...", "nccc->nc", "nccc->c", "nccc->"]
)
def test_an_ellipsis_or_a_letter_twice(equation):
    check(Apply(lambda x: torch.einsum(equation, x[:, :4, :4, :4] if "ccc" in equation else x)))


@pytest.mark.parametrize("equation", ["...w,ow->...o", "n...w,...w->n...", "...,...->...", "...chw,ow->...cho"])
def test_an_ellipsis_of_two(equation):
    weight = torch.randn(5, 5)
    check(Apply(lambda x, w: torch.einsum(equation, x[..., :5, :5], w if "ow" in equation else w[:, :1]), w=weight))


def test_a_dimension_of_one_meets_one_in_full():
    check(Apply(lambda x: torch.einsum("nchw,nchw->nhw", x, x[:, :1])))


def test_of_three():
    check(Apply(lambda x, a, b: torch.einsum("nchw,oc,po->nphw", [x, a, b]), a=torch.randn(5, 4), b=torch.randn(3, 5)))


def test_a_product_that_is_laid_out_already_is_one_node():
    graph = check(Apply(lambda x: torch.einsum("nchw,ncwk->nchk", x, x.transpose(2, 3))))
    assert ops(graph)[1:] == ["reshape"] * 0 + ["matmul"]


def test_lists_of_numbers_do_too():
    check(Apply(lambda x: torch.einsum(x, [0, 1, 2, 3], [0, 1])))
