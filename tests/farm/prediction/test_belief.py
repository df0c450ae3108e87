"""What passes and failures say of traits: against an enumeration of all that could be true, and by known answers."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.prediction.belief import DESPITE, MISTAKEN, OP_WORKS, OTHER_REASON, Belief, Failure, Observation, learn
from farm.prediction.traits import op_of

TRAITS = ("conv2d", "conv2d: kernel of 5 or more", "gelu", "gelu: approximate tanh", "cat")
some = st.sets(st.sampled_from(TRAITS), min_size=1).map(frozenset)


def passed(*traits: str) -> Observation:
    return Observation(frozenset(traits))


def failed(*traits: str) -> Observation:
    return Observation(frozenset(traits), (Failure(frozenset(traits)),))


def said(*traits: str, lacking: str) -> Observation:
    return Observation(frozenset(traits), (Failure(frozenset({lacking}), said=True),))


def posterior(observations: Sequence[Observation], belief: Belief) -> Mapping[frozenset[str], float]:
    """By the set of traits that work: its probability, from all sets one by one, with the rates that were learnt."""
    weights = {}
    for mask in itertools.product((True, False), repeat=len(TRAITS)):
        works = frozenset(itertools.compress(TRAITS, mask))
        weight = 1.0
        for trait in TRAITS:
            prior = belief.op_works if op_of(trait) == trait else belief.trait_works
            weight *= prior if trait in works else 1 - prior
        for observation in observations:
            if not observation.failures:
                weight *= DESPITE ** len(observation.traits - works)
            for failure in observation.failures:
                other = MISTAKEN if failure.said else belief.other_reason
                weight *= other if failure.suspects <= works else 1.0
        weights[works] = weight
    total = sum(weights.values())
    return {works: weight / total for works, weight in weights.items()}


def all_work(exact: Mapping[frozenset[str], float], traits: Iterable[str]) -> float:
    return sum(p for works, p in exact.items() if works >= set(traits))


@settings(max_examples=50)
@given(st.lists(some.map(Observation), max_size=4), some, st.booleans(), some, some)
def test_one_failure_is_weighed_as_an_enumeration_does(
    passes: list[Observation], suspects: frozenset[str], named: bool, more: frozenset[str], asked: frozenset[str]
) -> None:
    observations = [*passes, Observation(suspects | more, (Failure(suspects, named),))]
    belief = learn(observations)
    exact = posterior(observations, belief)
    for trait in TRAITS:
        assert belief.of(trait) == pytest.approx(all_work(exact, [trait]), abs=1e-4)
    assert belief.predict(asked).chance == pytest.approx((1 - belief.other_reason) * all_work(exact, asked), abs=1e-4)


@settings(max_examples=50)
@given(st.lists(some.map(Observation), max_size=4), st.integers(1, 3), st.booleans(), some)
def test_two_failures_that_share_a_suspect_too(
    passes: list[Observation], at: int, named: bool, asked: frozenset[str]
) -> None:
    one, other = frozenset(TRAITS[: at + 1]), frozenset(TRAITS[at:])
    observations = [*passes, *(Observation(own, (Failure(own, named),)) for own in (one, other))]
    belief = learn(observations)
    exact = posterior(observations, belief)
    for trait in TRAITS:
        assert belief.of(trait) == pytest.approx(all_work(exact, [trait]), abs=1e-4)
    assert belief.predict(asked).chance == pytest.approx((1 - belief.other_reason) * all_work(exact, asked), abs=0.2)


@settings(max_examples=50)
@given(st.lists(st.tuples(some, st.booleans()), max_size=8), some, some)
def test_who_asks_for_more_has_no_better_chance(
    seen: list[tuple[frozenset[str], bool]], asked: frozenset[str], more: frozenset[str]
) -> None:
    belief = learn([Observation(own, () if good else (Failure(own),)) for own, good in seen])
    less, most = belief.predict(asked).chance, belief.predict(asked | more).chance
    assert 0 <= most <= 1
    # Where failures share suspects in rings it is an approximation.
    assert most <= less + 0.1


def test_of_nothing_only_the_start_is_known() -> None:
    prediction = learn([]).predict(["conv2d"])
    assert prediction.chance == pytest.approx(OP_WORKS * (1 - OTHER_REASON))
    assert (prediction.blocking, prediction.new, prediction.evidence) == ((), ("conv2d",), 0)


def test_what_passed_will_pass() -> None:
    belief = learn([passed("conv2d", "gelu")] * 5)
    assert belief.predict(["conv2d", "gelu"]).chance > 0.98
    assert belief.predict(["conv2d", "cat"]).chance < belief.predict(["conv2d"]).chance


def test_what_a_device_says_that_it_lacks_blocks_and_is_named() -> None:
    belief = learn([*[passed("conv2d", "cat")] * 5, said("conv2d", "gelu", "cat", lacking="gelu")])
    prediction = belief.predict(["conv2d", "gelu"])
    assert prediction.chance < 0.05
    ((trait, works),) = prediction.blocking
    assert trait == "gelu"
    assert works < 0.05
    assert belief.predict(["conv2d", "cat"]).chance > 0.95


def test_a_device_that_only_fails_is_seen_through_by_what_passes_elsewhere() -> None:
    belief = learn([failed("conv2d", "gelu", "cat"), *[passed("conv2d", "cat")] * 5, passed("cat")])
    prediction = belief.predict(["conv2d", "gelu"])
    assert prediction.blocking[0][0] == "gelu"
    assert prediction.chance < 0.4  # or it was another reason
    assert belief.predict(["conv2d", "cat"]).chance > 0.9
    again = learn([*[failed("conv2d", "gelu", "cat")] * 3, *[passed("conv2d", "cat")] * 5])
    assert again.predict(["conv2d", "gelu"]).chance < 0.05


def test_of_suspects_that_nothing_tells_apart_none_is_convicted_but_all_together_fail() -> None:
    belief = learn([failed("conv2d", "gelu"), *[passed("cat")] * 5])
    assert 0.3 < belief.of("conv2d") < 0.9
    assert belief.of("conv2d") == pytest.approx(belief.of("gelu"))
    together = belief.predict(["conv2d", "gelu"])
    assert together.chance < 0.5 * belief.of("conv2d") * belief.of("gelu")
    assert together.blocking == (
        ("conv2d", pytest.approx(belief.of("conv2d"))),
    )  # what likely fails names one at least


def test_what_likely_passes_names_nothing_and_of_a_new_op_the_op_alone() -> None:
    prediction = learn([passed("conv2d")] * 5).predict(
        ["conv2d", "conv2d: depthwise", "gelu", "gelu: approximate tanh"]
    )
    assert prediction.chance > 0.8
    assert prediction.blocking == ()
    assert prediction.new == ("conv2d: depthwise", "gelu")


def test_a_failure_for_another_reason_accuses_no_trait() -> None:
    without = learn([passed("conv2d")] * 4)
    other = learn([*[passed("conv2d")] * 4, Observation(frozenset({"conv2d"}), (Failure(frozenset()),))])
    assert other.of("conv2d") == pytest.approx(without.of("conv2d"))
    assert other.other_reason > without.other_reason


def test_a_device_that_lacks_many_ops_is_trusted_less_with_the_next() -> None:
    lacking = [said(op, lacking=op) for op in "abcdefgh"]
    assert learn(lacking).predict(["new"]).chance < 0.7
    assert learn([passed(*"abcdefgh")] * 3).predict(["new"]).chance > 0.9


def test_the_order_of_what_was_seen_does_not_matter() -> None:
    seen = [passed("cat"), failed("conv2d", "gelu"), said("cat", "gelu", lacking="gelu"), passed("conv2d", "cat")]
    chances = [learn(order).predict(TRAITS).chance for order in itertools.permutations(seen)]
    assert max(chances) == pytest.approx(min(chances), abs=1e-9)


def test_a_thousand_architectures_take_a_second() -> None:
    ops = [f"op{i}" for i in range(90)]
    seen = []
    for i in range(1000):
        own = [trait for op in ops if i % (2 + ops.index(op) % 40) < 2 for trait in (op, f"{op}: a", f"{op}: b")]
        seen.append(failed(*own) if "op77: a" in own else passed(*own))
    started = time.process_time()
    belief = learn(seen)
    for observation in seen:
        belief.predict(observation.traits)
    assert time.process_time() - started < 5  # 0.4 s on a quiet core
