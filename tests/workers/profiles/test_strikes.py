"""Faults that strike one value or one weight of a network."""

import numpy as np
import pytest

from tests.workers.bundles import branched, pyramid, run_plainly
from workers.drivers.numpy import NumpyDriver
from workers.profiles.strikes import (
    STRIKES,
    Strike,
    first_matrix,
    flipped_bit,
    flipped_weight,
    narrow_sums,
    strikable,
    struck,
    swapped_layout,
)

NETWORK = branched()
SAMPLE = NETWORK.samples[1]
VALUE = np.random.default_rng(3).standard_normal((2, 6, 5, 7)).astype(np.float32)


def run(*faults: object, fetch: list[str] | None = None) -> dict[str, np.ndarray]:
    session = NumpyDriver({"faults": list(faults)}).load(NETWORK.bundle(), fetch=fetch)
    return dict(session.run(SAMPLE.inputs))


class TestWhatComesOut:
    @pytest.mark.parametrize("strike", STRIKES.values(), ids=STRIKES)
    @pytest.mark.parametrize(
        "value", [VALUE, VALUE[:, 0, 0], VALUE[0, 0, 0], VALUE[..., :1, :1], VALUE[:0]], ids=np.shape
    )
    def test_shape_and_type_stay_and_the_input_is_left_alone(self, strike: Strike, value: np.ndarray) -> None:
        before = value.copy()
        spoilt = strike(value)
        assert (spoilt.shape, spoilt.dtype) == (value.shape, value.dtype)
        np.testing.assert_array_equal(value, before)

    def test_one_bit_of_the_largest_element_is_flipped(self) -> None:
        struck_bits = flipped_bit(VALUE).view(np.uint32) ^ VALUE.view(np.uint32)
        assert np.flatnonzero(struck_bits).tolist() == [np.abs(VALUE).argmax()]
        assert int(struck_bits.max()).bit_count() == 1

    def test_narrow_sums_keep_eight_bits_and_are_near(self) -> None:
        narrow = narrow_sums(VALUE)
        assert not (narrow.view(np.uint32) & 0xFFFF).any()
        np.testing.assert_allclose(narrow, VALUE, rtol=2**-7)
        np.testing.assert_array_equal(narrow_sums(narrow), narrow)

    def test_narrow_sums_of_float64_are_narrow_too(self) -> None:
        wide = VALUE.astype(np.float64)
        assert narrow_sums(wide).dtype == np.float64
        assert not np.array_equal(narrow_sums(wide), wide)

    def test_a_swapped_layout_is_the_same_elements_in_the_order_of_channels_last(self) -> None:
        swapped = swapped_layout(VALUE)
        np.testing.assert_array_equal(swapped[0].reshape(-1), VALUE[0].transpose(1, 2, 0).reshape(-1))


class TestWhere:
    @pytest.mark.parametrize("value", ["v0", "v1", "v3", "v5", "v6", "v7"])
    def test_just_what_depends_on_the_value_changes(self, value: str) -> None:
        names = [f"v{i}" for i in range(8)]
        sound = run_plainly(NETWORK.graph, NETWORK.weights, SAMPLE.inputs)
        found = run({"name": "wrong_layout", "value": value}, fetch=names)
        index = int(value[1:])
        np.testing.assert_allclose(found[value], swapped_layout(sound[value]), rtol=1e-4, atol=1e-5)
        for name in names[:index]:
            np.testing.assert_allclose(found[name], sound[name], rtol=1e-4, atol=1e-5)

    def test_without_a_name_the_first_convolution_is_struck(self) -> None:
        named, unnamed = run({"name": "wrong_layout", "value": "v0"}), run("wrong_layout")
        np.testing.assert_array_equal(named["out"], unnamed["out"])

    def test_several_values_are_struck_at_once(self) -> None:
        found = run({"name": "wrong_layout", "value": "v5"}, {"name": "bit_flip_activation", "value": "v3"})
        assert not np.allclose(found["out"], run({"name": "wrong_layout", "value": "v5"})["out"], atol=1e-3)

    def test_a_value_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^faults: 'v99' is no inner value of floating point of this network$"):
            run({"name": "wrong_layout", "value": "v99"})

    def test_an_input_is_no_inner_value(self) -> None:
        with pytest.raises(ValueError, match="'x' is no inner value"):
            run({"name": "wrong_layout", "value": "x"})

    def test_more_strikes_than_can_be_carried_are_refused(self) -> None:
        with pytest.raises(ValueError, match="can carry 10 faults of values at a time"):
            struck(NETWORK.bundle(), [("v0", flipped_bit)] * 11)

    def test_all_values_of_floating_point_can_be_struck(self) -> None:
        assert strikable(pyramid().graph) == ["v0", "v1", "v2", "v3", "v4"]


class TestWeights:
    def test_one_bit_of_one_weight_is_flipped(self) -> None:
        weights = flipped_weight(NETWORK.bundle(), "left.weight")
        changed = [name for name, value in weights.items() if not np.array_equal(value, NETWORK.weights[name])]
        assert changed == ["left.weight"]
        assert (weights["left.weight"] != NETWORK.weights["left.weight"]).sum() == 1

    def test_without_a_name_the_first_matrix_or_kernel_has_it(self) -> None:
        named = run({"name": "bit_flip_weight", "weight": first_matrix(NETWORK.bundle())})
        np.testing.assert_array_equal(run("bit_flip_weight")["out"], named["out"])

    def test_a_weight_that_is_not_there_is_refused(self) -> None:
        with pytest.raises(ValueError, match="the network has no weight 'nowhere' to flip a bit of"):
            flipped_weight(NETWORK.bundle(), "nowhere")

    def test_the_device_computes_with_it(self) -> None:
        sound, flipped = run(), run({"name": "bit_flip_weight", "weight": "head.weight"})
        np.testing.assert_array_equal(sound["stem"], flipped["stem"])
        assert not np.allclose(sound["out"], flipped["out"], atol=1e-3)
