"""What the sizes of the inputs tell of the symbols."""

from __future__ import annotations

import pytest

from mcore.convert import CaptureRefused
from mcore.convert.sizes import MAXIMUM, input_types, size_symbols
from mcore.platform.graph import Symbol
from mcore.sampling import H, Input, N, Sampling, W


def shapes(sampling: Sampling) -> list[str]:
    return [", ".join(map(str, kind.shape)) for kind in input_types(sampling).values()]


def test_sizes_count_steps_of_the_legal_ones():
    assert shapes(Sampling.image()) == ["N, 3, H, W"]
    stepped = Sampling.image(sizes=((64, 64), (64, 96), (32, 32)), minimum=32, multiple_of=32)
    assert shapes(stepped) == ["N, 3, 32*H, 32*W"]
    assert size_symbols(stepped)["H"] == Symbol("H", 1, MAXIMUM // 32)
    features = (Input("f.0", (N, 8, H // 4, W // 4)), Input("f.1", (N, 8, H // 8, W // 8)))
    assert shapes(Sampling(features, stepped.sizes, 32, 32)) == ["N, 8, 8*H, 8*W", "N, 8, 4*H, 4*W"]


@pytest.mark.parametrize(("least", "unit", "wanted"), [(33, 1, 33), (33, 32, 2), (32, 32, 1), (1, 8, 1), (40, 16, 3)])
def test_the_least_size_is_the_first_legal_step(least, unit, wanted):
    sampling = Sampling.image(sizes=((480, 480), (480, 960), (960, 960)), minimum=least, multiple_of=unit)
    assert size_symbols(sampling)["W"].minimum == wanted


def test_one_fixed_size_is_a_number_and_several_are_not():
    image = (Input("x", (N, 3, H, W)),)
    assert shapes(Sampling(image, ((32, 48),), 1, fixed=True)) == ["N, 3, 32, 48"]
    assert shapes(Sampling(image, ((32, 48), (32, 32)), 1, fixed=True)) == ["N, 3, H, W"]


def test_a_symbol_must_be_told_by_some_shape():
    hidden = Input("x", (N, H // 2, W))
    sizes = ((8, 8), (8, 12), (9, 7))
    with pytest.raises(CaptureRefused, match="no input with H itself"):
        input_types(Sampling((hidden,), sizes, 5))
    assert shapes(Sampling((hidden, Input("y", (N, H))), sizes, 5)) == ["N, ((H) // 2), W", "N, H"]
