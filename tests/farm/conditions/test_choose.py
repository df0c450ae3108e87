"""Which sizes are tried: legal, new, no dearer than what was; and after two rounds the condition is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.conditions.choose import COUNT, ROUNDS, Legal, choose_sizes
from farm.conditions.infer import Condition, infer
from farm.conditions.sizes import Observation, Size

Truth = Callable[[Size], bool]
#: Batch, height and width of the samples that image networks have.
IMAGE = ((1, 224, 224), (2, 128, 192), (1, 97, 129))


def measure(batch: int, height: int, width: int) -> Size:
    return Size(batch, height, width, 256 * batch * height * width)


def legal(unit: int = 1, minimum: int = 33, *, batches: bool = True) -> Legal:
    return Legal(unit, minimum, 4096, batches, measure)


def searched(truth: Truth, samples: tuple[tuple[int, int, int], ...] = IMAGE, within: Legal | None = None) -> Condition:
    seen = [Observation(size, truth(size)) for size in (measure(*sample) for sample in samples)]
    assert {o.passed for o in seen} == {True, False}, "not partial"
    for _ in range(ROUNDS):
        seen += [Observation(size, truth(size)) for size in choose_sizes(seen, within or legal())]
    return infer(seen)


@pytest.mark.parametrize(
    ("truth", "stated"),
    [
        (lambda s: s.width % 2 == 0, "fails unless W % 2 == 0"),
        (lambda s: s.width % 8 == 0, "fails unless W % 8 == 0"),
        (lambda s: s.height % 7 == 0, "fails unless H % 7 == 0"),
        (lambda s: s.height % 64 == 0, "fails unless H % 64 == 0"),
        (lambda s: s.height % 32 == s.width % 32 == 0, "fails unless H % 32 == 0 and W % 32 == 0"),
        (lambda s: s.batch == 1, "fails above a batch of 1"),
        (lambda s: s.activation_bytes <= 10 << 20, "fails above 9.387 MiB of activation"),
        (lambda s: s.height * s.width <= 30_000, "fails above 29568 pixels"),
        (lambda s: s.width < 200, "fails above W = 198"),
        (lambda s: max(s.height, s.width) < 200, "fails above a longer side of 198"),
        (lambda s: min(s.height, s.width) >= 100, "fails below a shorter side of 101"),
        (lambda s: max(s.height, s.width) < 1.4 * min(s.height, s.width), "fails above an aspect ratio of 1.39"),
    ],
)
def test_two_rounds_find_it(truth: Truth, stated: str) -> None:
    condition = searched(truth)
    assert (condition.text, condition.others) == (stated, ())


@pytest.mark.parametrize(
    "truth",
    [
        lambda s: s.width % 8 == 0 and s.activation_bytes <= 12 << 20,
        lambda s: s.width % 64 in (0, 1),
        lambda s: (s.height * 7919 + s.width * 104_729) % 97 % 2 == 0,
    ],
)
def test_nothing_is_found_where_nothing_of_the_family_is_there(truth: Truth) -> None:
    assert not searched(truth).fits


@given(st.sampled_from([1, 2, 8, 16, 32]), st.sampled_from([3, 5, 12, 20, 48, 64]), st.booleans())
@settings(max_examples=15)
def test_sizes_are_legal_new_and_no_dearer(unit: int, divisor: int, batches: bool) -> None:
    samples = [measure(1, 256, 256), measure(2, 128, 192), measure(1, 96, 160)]
    seen = [Observation(size, size.width % divisor == 0) for size in samples]
    assert len({o.passed for o in seen}) == 2
    for _ in range(ROUNDS):
        chosen = choose_sizes(seen, legal(unit, 32, batches=batches))
        assert len(chosen) <= COUNT
        names = [size.sample for size in chosen]
        assert len({*names, *(o.size.sample for o in seen)}) == len(names) + len(seen)
        for size in chosen:
            assert (size.height % unit, size.width % unit) == (0, 0)
            assert min(size.height, size.width) >= 32
            assert size.cost <= 256 * 256
            assert batches or size.batch == 1
        assert chosen == choose_sizes(seen, legal(unit, 32, batches=batches)), "the choice is by chance"
        seen += [Observation(size, size.width % divisor == 0) for size in chosen]


def test_a_size_that_no_graph_takes_is_not_tried() -> None:
    only_wide = Legal(1, 33, 4096, True, lambda n, h, w: measure(n, h, w) if w > h else None)
    seen = [Observation(measure(*sample), sample[2] % 8 == 0) for sample in IMAGE]
    chosen = choose_sizes(seen, only_wide)
    assert chosen
    assert all(size.width > size.height for size in chosen)


def test_what_cannot_be_supported_is_put_to_the_test() -> None:
    """In these sizes no width but 24 is a multiple of 24: whether another one passes tells the two limits apart."""
    small = Legal(1, 8, 4096, True, measure)
    truth = lambda s: s.width % 8 == 0 and s.cost <= 600  # noqa: E731
    condition = searched(truth, ((1, 24, 24), (2, 16, 32), (1, 17, 23)), small)
    assert (condition.fits, condition.why) == (False, "none of the known ones separates them")


def test_nothing_is_tried_where_nothing_more_can_be_told() -> None:
    seen = [Observation(measure(1, side, side), side % 8 == 0) for side in (64, 72, 80, 65, 66, 68)]
    apart = [Observation(measure(1, 65, 64), True), Observation(measure(1, 64, 65), False)]
    again = [*seen, *apart, Observation(measure(2, 70, 72), True), Observation(measure(1, 41, 33), False)]
    assert infer(again).text == "fails unless W % 8 == 0"
    assert choose_sizes(again, legal()) == ()
    contradicted = [*seen, Observation(measure(1, 64, 64), False)]
    assert choose_sizes(contradicted, legal()) == ()
