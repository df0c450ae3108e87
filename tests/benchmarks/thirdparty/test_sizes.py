"""What sizes a network takes is found by calling it."""

import pytest
import torch

from benchmarks.thirdparty.row import ANY, FIXED, MULTIPLES
from benchmarks.thirdparty.sizes import EVEN, ODD, WIDE, sampling_of


class Picky(torch.nn.Module):
    """Takes what ``accepts`` says of height and width."""

    def __init__(self, accepts):
        super().__init__()
        self.accepts = accepts

    def forward(self, x):
        assert self.accepts(*x.shape[2:]), "not this size"
        return x.mean((2, 3))


NATIVE = (224, 224)
CASES = [
    (lambda h, w: True, ANY, (NATIVE, WIDE, ODD)),
    (lambda h, w: h % 32 == w % 32 == 0, MULTIPLES, (NATIVE, WIDE, EVEN)),
    (lambda h, w: (h, w) == NATIVE, FIXED, (NATIVE,)),
    (lambda h, w: h == w, FIXED, (NATIVE,)),
]


@pytest.mark.parametrize(("accepts", "takes", "sizes"), CASES)
def test_the_sampling_follows(accepts, takes, sizes):
    sampling, found = sampling_of(Picky(accepts).eval(), NATIVE)
    assert (found, sampling.sizes) == (takes, sizes)
    assert sampling.fixed == (takes == FIXED)
    assert sampling.multiple_of == (32 if takes == MULTIPLES else 1)
    (given,) = sampling.inputs
    assert given.concrete(2, *NATIVE) == (2, 3, *NATIVE)


def test_there_is_a_size_that_is_not_square_and_one_that_is_odd():
    assert WIDE[0] != WIDE[1]
    assert all(side % 2 for side in ODD)
    assert all(side % 32 == 0 for side in (*WIDE, *EVEN))


def test_a_network_that_is_small_by_nature_has_its_own_size():
    sampling, takes = sampling_of(Picky(lambda h, w: (h, w) == (28, 28)).eval(), (28, 28))
    assert (takes, sampling.sizes) == (FIXED, ((28, 28),))
