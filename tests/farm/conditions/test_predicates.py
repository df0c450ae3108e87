"""The family of predicates and what is stated: never what an observation contradicts, and what is true where it can be told."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from farm.conditions.infer import NONE_FITS, Condition, infer
from farm.conditions.predicates import DIVISORS, Limit, Multiple, fitting, lacking
from farm.conditions.sizes import FEATURES, SIDES, Observation, Size

SIZE = st.builds(
    lambda batch, height, width: Size(batch, height, width, 256 * batch * height * width),
    st.integers(1, 3),
    st.integers(1, 256),
    st.integers(1, 256),
)
SIZES_ = st.lists(SIZE, min_size=2, max_size=30, unique=True)
MIB = "{} MiB of activation"
MULTIPLES = st.builds(Multiple, st.sampled_from(list(SIDES)), st.sampled_from(DIVISORS))


def seen(sizes: list[Size], passes: list[bool]) -> list[Observation]:
    return [Observation(size, good) for size, good in zip(sizes, passes, strict=True)]


@given(SIZES_, MULTIPLES)
def test_a_divisor_is_recovered(sizes: list[Size], truth: Multiple) -> None:
    """Among what fits is the truth; the first of what fits says the same of everything that was observed."""
    passes = [truth.passes(size) for size in sizes]
    assume(len(set(passes)) == 2)
    found = list(fitting(seen(sizes, passes)))
    assert truth in found
    assert [found[0].passes(size) for size in sizes] == passes


@given(SIZES_, st.sampled_from(list(FEATURES)), st.booleans(), st.data())
def test_a_limit_is_recovered_as_the_interval_that_was_observed(
    sizes: list[Size], feature: str, above: bool, data: st.DataObject
) -> None:
    value, sign = FEATURES[feature], 1 if above else -1
    cut = sign * value(data.draw(st.sampled_from(sizes)))
    passes = [sign * value(size) <= cut for size in sizes]
    assume(len(set(passes)) == 2)
    (found,) = (
        r for r in fitting(seen(sizes, passes)) if isinstance(r, Limit) and (r.feature, r.above) == (feature, above)
    )
    good = [value(size) for size, passed in zip(sizes, passes, strict=True) if passed]
    bad = [value(size) for size, passed in zip(sizes, passes, strict=True) if not passed]
    assert (found.passed, found.failed) == ((max(good), min(bad)) if above else (min(good), max(bad)))


@given(SIZES_, st.data())
def test_nothing_is_stated_that_an_observation_contradicts(sizes: list[Size], data: st.DataObject) -> None:
    """Whatever passes and fails."""
    passes = data.draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))
    observations = seen(sizes, passes)
    for rule in fitting(observations):
        assert [rule.passes(size) for size in sizes] == passes
    condition = infer(observations)
    assert (condition.passes, condition.fails) == (passes.count(True), passes.count(False))
    assert Condition.from_json(condition.to_json()) == condition
    if condition.fits:
        stated = next(rule for rule in fitting(observations) if str(rule) == condition.text)
        assert lacking(stated, observations) == (0, 0)
        assert min(condition.passes, condition.fails) >= 3
    else:
        assert condition.text == NONE_FITS
        assert condition.why


@given(SIZES_, MULTIPLES, st.data())
def test_a_size_that_both_passed_and_failed_leaves_no_condition(
    sizes: list[Size], truth: Multiple, data: st.DataObject
) -> None:
    twice = data.draw(st.sampled_from(sizes))
    observations = seen(sizes, [truth.passes(size) for size in sizes])
    condition = infer([*observations, Observation(twice, not truth.passes(twice))])
    assert not condition.fits
    assert condition.why == f"{twice} both passed and failed"


def observed(passed: str, failed: str) -> list[Observation]:
    """Of sizes such as ``24x24`` and, of a batch of two, ``2x24x24``."""
    return [
        Observation(Size(*numbers, 64 * numbers[0] * numbers[1] * numbers[2]), good)
        for names, good in ((passed, True), (failed, False))
        for name in names.split()
        for numbers in [[1, *map(int, name.split("x"))][-3:]]
    ]


def test_a_condition_names_its_evidence_and_what_fits_too() -> None:
    condition = infer(observed("24x24 20x32 33x40", "17x23 24x25 24x36"))
    assert condition.text == "fails unless W % 8 == 0"
    assert condition.evidence == "3 sizes pass, 3 fail; 24x24 passes, 24x25 fails"
    assert (condition.nearest_pass, condition.nearest_fail) == ("24x24", "24x25")
    many = infer(observed("32x33 48x17 64x18 96x20", "17x16 33x16 34x16 36x16 40x16"))
    assert many.text == "fails unless H % 16 == 0"
    assert many.others == tuple(
        f"fails below {what}" for what in ("W = 17", "a shorter side of 17", MIB.format("0.0498"))
    )
    both = infer(observed("32x64 64x96 96x32", "33x64 32x65 17x17"))
    assert both.text == "fails unless H % 2 == 0 and W % 2 == 0"
    assert both.others == tuple(f"fails unless H % {k} == 0 and W % {k} == 0" for k in (4, 8, 16))


def test_a_limit_is_stated_by_its_two_sides() -> None:
    condition = infer(observed("180x44 44x180 2x44x90", "2x89x46 90x100 100x90 2x110x42"))
    assert condition.text == f"fails above {MIB.format('0.4834')}"
    assert condition.border == (
        f"passes up to {MIB.format('0.4834')} (44x90, batch 2), fails from {MIB.format('0.4998')} on (89x46, batch 2)"
    )
    below = infer(observed("64x65 33x63 47x49", "32x65 31x64 30x33"))
    assert below.text == "fails below H = 33"
    assert below.border == "passes down to H = 33 (33x63), fails from H = 32 down (32x65)"


def test_one_width_is_one_witness_of_a_divisor_however_many_heights_there_are() -> None:
    condition = infer(observed("24x24 22x24 8x24", "17x23 9x22 24x36 16x32 19x40"))
    assert (condition.text, condition.why) == (NONE_FITS, "3 different ones of each are needed")
    assert infer(observed("24x24 22x48 8x72", "17x23 9x22 24x36 16x32 19x40")).text == "fails unless W % 24 == 0"


def test_two_limits_at_once_are_no_single_condition() -> None:
    condition = infer(observed("24x24 16x16 8x32", "17x23 8x25 9x9 64x64 64x80"))
    assert (condition.text, condition.why) == (NONE_FITS, "none of the known ones separates them")
    assert condition.evidence == "3 sizes pass, 5 fail; none of the known ones separates them"


def test_one_side_alone_states_nothing() -> None:
    assert infer([]).why == infer(observed("24x24 16x16 8x32", "")).why == "3 different ones of each are needed"
